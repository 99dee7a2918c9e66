import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import exec from '../../src/actuators/exec.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']

/**
 * A whole program of one's own: its target is a file with a version in the first line and the
 * allocation in the second. It compares before it writes, and writes in one go.
 */
const script = `#!/bin/sh
set -eu
here=$(dirname "$0")
input=$(cat)
{ read -r version; read -r allocation; } <"$here/state"
if [ -e "$here/silent" ]; then exec sleep 30; fi
case $1 in
  observe)
    printf '{"allocation":%s,"version":"%s","says":"read from a file"}' "$allocation" "$version" ;;
  apply)
    wanted=$(printf '%s' "$input" | sed 's/.*"allocation":\\({[^}]*}\\).*/\\1/')
    expected=$(printf '%s' "$input" | sed 's/.*"expected_version":"\\([^"]*\\)".*/\\1/')
    if [ "$allocation" = "$wanted" ]; then
      printf '{"result":"applied","version":"%s"}' "$version"
    elif [ "$version" != "$expected" ]; then
      printf '{"result":"conflict","says":"version %s, not %s"}' "$version" "$expected"
    else
      printf '%s\\n%s\\n' $((version + 1)) "$wanted" >"$here/next"
      mv "$here/next" "$here/state"
      if [ -e "$here/deaf" ]; then exec sleep 30; fi
      printf '{"result":"applied","version":"%s"}' $((version + 1))
    fi ;;
esac
`

function begin(text: string = script, given: object = {}) {
  if (exec.mode !== 'push') throw new Error('not a push actuator')
  const folder = mkdtempSync(join(tmpdir(), 'exec-'))
  const program = join(folder, 'switch')
  const state = join(folder, 'state')
  writeFileSync(state, '1\n{"cdn-a":100,"cdn-b":0}\n')
  writeFileSync(program, text)
  chmodSync(program, 0o755)
  const net = createNet({ clock })
  const processes = realProcesses({ clock })
  const options = exec.options.parse({ program, ...given })
  const context = { clock, ids: realIds(), net, processes, group: 'ch/cdn', paths }
  return {
    program,
    actuator: exec.create(options, { ...context, callTimeoutMs: 2_000 }),
    hasty: exec.create(options, { ...context, callTimeoutMs: 400 }),
    state: () => ({ text: readFileSync(state, 'utf8') }),
    write: (value: string) => writeFileSync(state, value),
    fail: (fault: TargetFault) => {
      if (fault === 'refuse') rmSync(program)
      else writeFileSync(join(folder, fault), '')
    },
    async close() {
      await processes.close()
      await net.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  vi.unstubAllEnvs()
})

function scene(text?: string, given?: object) {
  const begun = begin(text, given)
  closing.push(() => begun.close())
  return begun
}

actuatorContract('exec', async () => {
  const begun = begin()
  return {
    actuator: begun.actuator,
    paths,
    state: begun.state,
    editByHand: async () => begun.write('7\n{"cdn-a":60,"cdn-b":40}\n'),
    fail: async (fault) => begun.fail(fault),
    secrets: [],
    close: () => begun.close(),
  }
})

describe('the exec actuator', () => {
  it('says what the program says', async () => {
    const { program, actuator } = scene()

    expect(await actuator.observe(never)).toEqual({
      ok: true,
      observed: {
        allocation: { 'cdn-a': 100, 'cdn-b': 0 },
        version: '1',
        ours: true,
        says: `${program} says cdn-a 100, cdn-b 0: read from a file`,
      },
    })
  })

  it('passes on the variables that are named, and no others', async () => {
    vi.stubEnv('SWITCH_TOKEN', 'for the switch')
    vi.stubEnv('OTHER_TOKEN', 'for nobody')
    const text = `#!/bin/sh
printf '{"allocation":{"cdn-a":1,"cdn-b":0},"version":"1","says":"%s/%s"}' "\${SWITCH_TOKEN-}" "\${OTHER_TOKEN-}"
`
    const { actuator } = scene(text, { environment: ['SWITCH_TOKEN', 'NOT_SET'] })

    const result = await actuator.observe(never)

    expect(result.ok && result.observed.says).toMatch(/: for the switch\/$/u)
  })

  it('hands arguments on as they are, without a shell', async () => {
    const text = `#!/bin/sh
printf '{"allocation":{"cdn-a":1,"cdn-b":0},"version":"1","says":"%s|%s"}' "$1" "$2"
`
    const { actuator } = scene(text, { args: ['$(id); *'] })

    const result = await actuator.observe(never)

    expect(result.ok && result.observed.says).toMatch(/: \$\(id\); \*\|observe$/u)
  })

  it.each([
    ['echo hello', 'observe wrote something else than JSON'],
    [
      'echo "password is s3cr3t" >&2; exit 3',
      'observe ended with status 3, and complained on its error output',
    ],
    ['kill -9 $$', 'observe was ended by a signal'],
    ['head -c 70000 /dev/zero', 'observe wrote more than 65536 bytes'],
  ])('cannot observe with a program that does: %s', async (line, says) => {
    const { program, actuator } = scene(`#!/bin/sh\n${line}\n`)

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: true,
      says: `${program} ${says}`,
    })
  })

  it.each([
    ['{"allocation":{"cdn-a":100},"version":"1"}', 'says nothing of path cdn-b'],
    [
      '{"allocation":{"cdn-a":100,"cdn-b":0,"x":0},"version":"1"}',
      'names x, which is no path of this group',
    ],
    [
      '{"allocation":{"cdn-a":100,"cdn-b":0}}',
      'says something else than allocation and version (version)',
    ],
  ])('takes %s for no target', async (json, says) => {
    const { program, actuator } = scene(`#!/bin/sh\nprintf '${json}'\n`)

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: `${program} ${says}`,
    })
  })

  it.each([
    [
      '{"result":"failed","retry":true,"says":"busy"}',
      { result: 'failed', retry: true, says: 'busy' },
    ],
    ['{"result":"failed"}', { result: 'failed', retry: false, says: 'failed' }],
    ['{"result":"unknown"}', { result: 'unknown', says: 'unknown' }],
    ['{}', { result: 'unknown', says: 'does not say what came of it' }],
  ])('takes the answer %s to a change as %j', async (json, { says, ...expected }) => {
    const { actuator } = scene(`#!/bin/sh\nprintf '${json}'\n`)

    const step = { says: 'x', data: { 'cdn-a': 0, 'cdn-b': 100 } }
    const result = await actuator.apply(step, '1', never)

    expect(result).toMatchObject(expected)
    expect(JSON.stringify(result)).toContain(says)
  })

  it('ends a program that does not end, and does not know what it did', async () => {
    const { hasty } = scene('#!/bin/sh\nexec sleep 30\n')

    const step = { says: 'x', data: { 'cdn-a': 0, 'cdn-b': 100 } }
    const result = await hasty.apply(step, '1', never)

    expect(result).toMatchObject({ result: 'unknown' })
    expect(JSON.stringify(result)).toMatch(/apply did not end within \d+ ms/u)
  })

  it('hears a program that leaves another one behind with its output open', async () => {
    const { actuator } = scene(
      `#!/bin/sh\nsleep 5 &\nprintf '{"allocation":{"cdn-a":1,"cdn-b":0},"version":"7"}'\n`,
    )

    expect(await actuator.observe(never)).toMatchObject({ ok: true, observed: { version: '7' } })
  })

  it('refuses a step that leaves nothing', async () => {
    const { actuator } = scene()

    const step = { says: 'x', data: { 'cdn-a': 0, 'cdn-b': 0 } }

    expect(await actuator.apply(step, '1', never)).toEqual({
      result: 'failed',
      retry: false,
      says: 'nothing would be left to serve',
    })
  })

  it.each([{ program: 'a b' }, { program: './x' }, { program: 'x', environment: ['A=B'] }])(
    'does not take the options %j',
    (given) => {
      expect(exec.options.safeParse(given).success).toBe(false)
    },
  )
})
