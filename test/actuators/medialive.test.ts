import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import medialive from '../../src/actuators/medialive.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { stubAwsCredentials } from '../fakes/aws-server.ts'
import { awsKey } from '../fakes/aws-signature.ts'
import { startFakeMedialive } from './fake-medialive.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['main', 'backup', 'spare']
const inputs = { main: 'srt main', backup: 'srt backup', spare: 'file' }

const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  await import('@aws-sdk/client-medialive')
})

beforeEach(stubAwsCredentials)

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  vi.unstubAllEnvs()
})

async function begin(callTimeoutMs?: number, more: object = {}) {
  const fake = await startFakeMedialive([...Object.values(inputs), 'slate'])
  const given = {
    region: 'eu-central-1',
    channel_id: '1234567',
    inputs,
    endpoint: fake.url,
    ...more,
  }
  const how = { paths, given, ...(callTimeoutMs !== undefined && { callTimeoutMs }) }
  return { ...pushScene(medialive, fake, how), successor: () => pushScene(medialive, fake, how) }
}

async function scene(callTimeoutMs?: number, more: object = {}) {
  const begun = await begin(callTimeoutMs, more)
  closing.push(begun.close)
  return begun
}

actuatorContract('medialive', async () => {
  const begun = await begin()
  return harnessOf(begun, {
    edit: () => begun.fake.play('file', 'file'),
    secrets: [awsKey.id, awsKey.secret],
  })
})

describe('the medialive actuator', () => {
  it('observes what each pipeline plays', async () => {
    const { fake, observe } = await scene()
    fake.play('srt main', 'slate')

    const observed = await observe()

    expect(observed.allocation).toEqual({ main: 100, backup: 0, spare: 0 })
    expect(observed.says).toBe(
      'channel 1234567: pipeline 0 plays srt main (main), pipeline 1 plays slate (no path of this group)',
    )
  })

  it.each<[string, (fake: Awaited<ReturnType<typeof scene>>['fake']) => void, boolean, string]>([
    [
      'an idle channel',
      (fake) => fake.become('IDLE'),
      true,
      'channel 1234567 is IDLE, not RUNNING',
    ],
    [
      'a pipeline that does not say what it plays',
      (fake) => fake.play('srt main', undefined),
      true,
      'a pipeline of channel 1234567 does not say which input it plays',
    ],
    [
      'a channel without pipelines',
      (fake) => fake.play(),
      true,
      'a pipeline of channel 1234567 does not say which input it plays',
    ],
  ])('cannot observe %s', async (_, spoil, retry, says) => {
    const { fake, actuator } = await scene()
    spoil(fake)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry, says })
  })

  it('cannot observe an attachment that the channel does not have', async () => {
    const { actuator } = await scene(undefined, { inputs: { ...inputs, spare: 'gone' } })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'channel 1234567 has no input attachment "gone"',
    })
  })

  it('waits until every pipeline plays the new input', async () => {
    const { fake, move, observe } = await scene(4_000)
    fake.followAfter(3)

    const result = await move({ backup: 100 })

    expect(result).toEqual({ result: 'applied', version: (await observe()).version })
    expect(fake.switches).toEqual(['srt backup'])
  })

  it('asks once for a switch that takes its time, and reads nothing else into the meantime', async () => {
    const { fake, actuator, observe, move } = await scene(600)
    const before = await observe()
    fake.followAfter(Infinity)

    const first = await move({ backup: 100 })
    const meanwhile = await actuator.observe(never)
    const back = await actuator.apply(
      { says: 'go back', data: { attachment: 'srt main' } },
      before.version,
      never,
    )
    fake.followAfter(0)
    const after = await observe()

    expect(first).toMatchObject({
      result: 'unknown',
      says: expect.stringMatching(
        /^the switch to srt backup does not show yet; channel 1234567: /u,
      ),
    })
    expect(meanwhile).toMatchObject({ ok: false, retry: true })
    expect(back).toMatchObject({ result: 'failed', retry: true })
    expect(after.allocation).toEqual({ main: 0, backup: 100, spare: 0 })
    expect(fake.switches).toEqual(['srt backup'])
  })

  describe('in a process that comes after the one that asked for a switch', () => {
    /** A switch is under way, and the process that asked for it is gone. */
    async function interrupted() {
      const begun = await scene(600)
      begun.fake.plan('evening news', 'file')
      begun.fake.followAfter(Infinity)
      const { version } = await begun.observe()
      await begun.move({ backup: 100 })
      const { actuator } = begun.successor()
      return { ...begun, actuator, version }
    }

    it('knows of the switch by the schedule, and neither decides nor switches meanwhile', async () => {
      const { fake, actuator, version } = await interrupted()

      const read = await actuator.observe(never)
      const back = { says: 'go back', data: { attachment: 'srt main' } }
      const written = await actuator.apply(back, version, never)

      const says =
        'the switch to srt backup does not show yet; channel 1234567: pipeline 0 plays srt main (main), pipeline 1 plays srt main (main)'
      expect(read).toEqual({ ok: false, retry: true, says })
      expect(written).toEqual({ result: 'failed', retry: true, says })
      expect(fake.switches).toEqual(['srt backup'])
    })

    it('waits for that switch instead of asking for it again', async () => {
      const { fake, actuator, version } = await interrupted()

      fake.followAfter(1)
      const step = { says: 'go on', data: { attachment: 'srt backup' } }
      const written = await actuator.apply(step, version, never)

      expect(written).toEqual({ result: 'applied', version: 'active ["srt backup","srt backup"]' })
      expect(fake.switches).toEqual(['srt backup'])
    })

    it('reads what plays once the switch is too old to come', async () => {
      const { fake, actuator } = await interrupted()

      fake.rename((name) =>
        name.replace(/^changeover-(\d+)/u, (_, at) => `changeover-${Number(at) - 20_000}`),
      )
      const read = await actuator.observe(never)

      expect(read).toMatchObject({ ok: true, observed: { allocation: { main: 100, backup: 0 } } })
    })

    it('cannot observe a channel whose schedule is not told', async () => {
      const { fake, actuator } = await interrupted()

      fake.loseSchedule()

      expect(await actuator.observe(never)).toEqual({
        ok: false,
        retry: true,
        says: 'MediaLive answered without the schedule of channel 1234567',
      })
    })
  })

  it.each([
    [409, 'ConflictException', { result: 'failed', retry: true }],
    [422, 'UnprocessableEntityException', { result: 'failed', retry: false }],
    [403, 'ForbiddenException', { result: 'failed', retry: false }],
    [504, 'GatewayTimeoutException', { result: 'unknown' }],
  ])('takes the answer %i %s to a switch as %j', async (status, code, expected) => {
    const { fake, move } = await scene()
    fake.scriptWrite({
      status,
      type: 'application/json',
      body: JSON.stringify({ __type: code, message: 'said so' }),
    })

    expect(await move({ backup: 100 })).toMatchObject({
      ...expected,
      says: `MediaLive answered ${status} ${code}: said so`,
    })
  })

  it('is hard to reverse, and carries one path at a time', () => {
    const given = medialive.options.parse({ region: 'eu-central-1', channel_id: '1', inputs })

    expect(medialive.capabilities(given)).toMatchObject({ reversible: false, shape: 'single' })
  })
})
