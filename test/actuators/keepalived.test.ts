import { describe, expect, it } from 'vitest'
import keepalived from '../../src/actuators/keepalived.ts'
import { allTo } from '../../src/core/allocation.ts'
import type { Observed } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { fakeFiles } from './fake-files.ts'

const never = new AbortController().signal
const paths = ['lan-a', 'lan-b', 'lan-c']
const places = { 'lan-a': '/run/a', 'lan-b': '/run/b', 'lan-c': '/run/c' }
const ours = (value: number, path: string) => `${value}\n# changeover channel-1/lan ${path}\n`

function begin(texts: Record<string, string>) {
  if (keepalived.mode !== 'push') throw new Error('not a push actuator')
  const { state, files } = fakeFiles(texts)
  const clock = new FakeClock()
  const actuator = keepalived.create(keepalived.options.parse({ files: places }), {
    clock,
    ids: { next: () => 'id' },
    net: new ScriptedNet(clock),
    files,
    group: 'channel-1/lan',
    paths,
    callTimeoutMs: 4_000,
  })
  async function observe(): Promise<Observed> {
    const result = await actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  return { state, actuator, observe }
}

const onFirst = () => ({
  '/run/a': ours(0, 'lan-a'),
  '/run/b': ours(-100, 'lan-b'),
  '/run/c': ours(-100, 'lan-c'),
})

actuatorContract(
  'keepalived',
  async () => {
    const { state, actuator } = begin(onFirst())
    return {
      actuator,
      paths,
      state: () => state.texts,
      editByHand: async () => void (state.texts['/run/c'] = '50\n'),
      fail: async () => {
        state.cannotRead = 'cannot read /run/a: permission denied'
      },
      secrets: [],
      close: async () => {},
    }
  },
  // A file answers at once, or not at all.
  ['refuse'],
)

describe('the keepalived actuator', () => {
  it('raises who gets the address before it lowers who has it', async () => {
    const { actuator, observe } = begin(onFirst())

    const steps = actuator.plan(await observe(), allTo('lan-b', paths))

    expect(steps).toEqual([
      {
        says: 'let lan-b have the address again (0 in /run/b)',
        data: { path: 'lan-b', is_in: true },
      },
      { says: 'lower lan-a by 100 in /run/a', data: { path: 'lan-a', is_in: false } },
    ])
  })

  it('gives the address to the heaviest, because one alone can hold it', async () => {
    const { actuator, observe } = begin(onFirst())
    const observed = await observe()

    expect(actuator.plan(observed, { 'lan-a': 60, 'lan-b': 40 })).toEqual([])
    expect(actuator.plan(observed, { 'lan-a': 0, 'lan-b': 0 })).toEqual([])
  })

  it.each([
    [{ '/run/a': '0', '/run/b': '0', '/run/c': '0' }, 'lan-a', false],
    [{ '/run/a': '-100\n', '/run/b': '+0\n', '/run/c': '-100\n' }, 'lan-b', false],
    [{ '/run/a': '-5', '/run/b': '-5', '/run/c': '20 # more' }, 'lan-c', false],
    [onFirst(), 'lan-a', true],
  ])('sees in %j that the address is with %s', async (texts, path, isOurs) => {
    const { observe } = begin(texts)

    expect(await observe()).toMatchObject({ allocation: allTo(path, paths), ours: isOurs })
  })

  it.each([
    [{ '/run/a': '0' }, 'cannot read /run/b: it is not there; begin with a file that says 0'],
    [{ ...onFirst(), '/run/b': '' }, '/run/b does not begin with a number'],
    [{ ...onFirst(), '/run/b': '12x' }, '/run/b does not begin with a number'],
  ])('cannot say in %j', async (texts, says) => {
    const { actuator } = begin(texts)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('writes nothing where the disk refuses, and tries again', async () => {
    const { state, actuator, observe } = begin(onFirst())
    const observed = await observe()
    const [step] = actuator.plan(observed, allTo('lan-b', paths))
    state.cannotWrite = 'cannot write /run/b: the disk is full'

    const result = await actuator.apply(step ?? { says: '', data: {} }, observed.version, never)

    expect(result).toEqual({ result: 'failed', retry: true, says: state.cannotWrite })
    expect(state.texts).toEqual(onFirst())
  })

  it.each([
    [{ files: { a: 'run/a' } }],
    [{ files: { a: '/run/a', b: '/run/a' } }],
    [{ files: places, penalty: 0 }],
    [{ files: places, penalty: 254 }],
  ])('refuses the options %j', (bad) => {
    expect(keepalived.options.safeParse(bad).success).toBe(false)
  })
})
