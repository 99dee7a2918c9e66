import { describe, expect, it } from 'vitest'
import { superviseEncoder } from '../../../src/app/encoder/supervise.ts'
import type { EncoderSettings } from '../../../src/core/encoder.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { fakePrograms } from '../../fakes/fake-programs.ts'
import { ScriptedNet, type ScriptedAnswer } from '../../fakes/scripted-net.ts'

const main = 'rtmp://a.example/live/key-of-main'
const backup = 'rtmp://b.example/live/key-of-backup'
const serves: ScriptedAnswer = { status: 200 }
const rests: ScriptedAnswer = { status: 503 }
const refuses: ScriptedAnswer = { fault: 'refused', phase: 'connect' }

const settings: EncoderSettings = {
  serve: 'http://changeover/serve/ch/ingest',
  everyMs: 1_000,
  startWithinMs: 10_000,
  targets: [
    { path: 'main', url: main },
    { path: 'backup', url: backup },
  ],
  program: 'ffmpeg',
  args: ['-i', 'in.ts', '-f', 'flv', '{target}'],
  environment: ['HOME'],
  restart: { firstMs: 500, mostMs: 4_000 },
}

/** A supervisor in virtual time; `answer` is what Changeover says of both paths from then on. */
async function scene(answers: { readonly main: ScriptedAnswer; readonly backup: ScriptedAnswer }) {
  const clock = new SimulatedClock()
  const net = new ScriptedNet(clock)
  let now = answers
  net.on(`${settings.serve}/main`, () => now.main)
  net.on(`${settings.serve}/backup`, () => now.backup)
  const { processes, started } = fakePrograms()
  const said: string[] = []
  const stop = new AbortController()
  const parts = { clock, net, processes, says: (text: string) => void said.push(text) }
  const done = superviseEncoder(settings, parts, stop.signal)
  /** The program that was started last ends, as asked to or by itself. */
  const end = (status?: number, error = '') => {
    const request = started.at(-1)?.request
    if (error !== '') request?.onError(error)
    request?.onEnd(status)
  }
  await clock.advance(100)
  return {
    clock,
    net,
    started,
    said,
    stop,
    done,
    end,
    answer: (next: typeof answers) => void (now = next),
    targets: () => started.map(({ args }) => args.at(-1)),
  }
}

describe('a supervised encoder', () => {
  it('streams to the path that serves, with what the program may know', async () => {
    const { started, said } = await scene({ main: rests, backup: serves })

    expect(started.map(({ args }) => args)).toEqual([['-i', 'in.ts', '-f', 'flv', backup]])
    expect(started[0]?.request).toMatchObject({ program: 'ffmpeg', environment: ['HOME'] })
    expect(said).toEqual(['streams to backup'])
  })

  it('follows a change: the program ends before the next one begins', async () => {
    const { clock, started, targets, said, end, answer } = await scene({
      main: serves,
      backup: rests,
    })

    answer({ main: rests, backup: serves })
    await clock.advance(1_100)
    expect(started.map(({ stopped }) => stopped)).toEqual([true])
    expect(targets()).toEqual([main])
    end()
    await clock.advance(100)

    expect(targets()).toEqual([main, backup])
    expect(said).toEqual(['streams to main', 'leaves main for backup'])
  })

  it.each([
    ['both serve, as when everything is down', { main: serves, backup: serves }],
    ['Changeover does not answer', { main: refuses, backup: refuses }],
    ['only the other one answers', { main: refuses, backup: serves }],
    ['neither serves', { main: rests, backup: rests }],
    ['the answers make no sense', { main: { status: 404 }, backup: serves }],
  ])('stays where it is when %s', async (_, answers) => {
    const { clock, targets, answer } = await scene({ main: serves, backup: rests })

    answer(answers)
    await clock.advance(60_000)

    expect(targets()).toEqual([main])
  })

  it('says once that nobody answers, and once that somebody does again', async () => {
    const { clock, said, answer } = await scene({ main: serves, backup: rests })

    answer({ main: refuses, backup: refuses })
    await clock.advance(5_000)
    answer({ main: serves, backup: rests })
    await clock.advance(5_000)

    expect(said.slice(1)).toEqual([
      'Changeover does not answer: the encoder stays at main',
      'Changeover answers again',
    ])
  })

  it('takes the first target where nobody answers at the start, after a while', async () => {
    const { clock, targets, said } = await scene({ main: refuses, backup: refuses })

    await clock.advance(9_000)
    expect(targets()).toEqual([])
    await clock.advance(2_000)

    expect(targets()).toEqual([main])
    expect(said).toEqual([
      'Changeover does not answer: the encoder waits for it',
      'streams to main',
    ])
  })

  it('asks no more often than it is told to, also before it knows where to go', async () => {
    const { clock, net } = await scene({ main: refuses, backup: refuses })

    await clock.advance(5_000)

    expect(net.requests.length).toBeLessThanOrEqual(2 * 6)
  })

  it('starts a program that ended again, with waits that grow to their limit', async () => {
    const { clock, started, said, end } = await scene({ main: serves, backup: rests })

    const waits = []
    for (let failure = 0; failure < 6; failure += 1) {
      const before = started.length
      const at = clock.now()
      end(1)
      while (started.length === before) await clock.advance(100)
      waits.push(Math.round((clock.now() - at) / 500) * 500)
    }

    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000])
    expect(said[1]).toBe('ffmpeg ended with status 1; again in 500ms')
  })

  it('begins its waits anew after a program that ran for long', async () => {
    const { clock, said, end } = await scene({ main: serves, backup: rests })

    end(1)
    await clock.advance(1_000)
    end(1)
    await clock.advance(2_000)
    await clock.advance(40_000)
    end(1)

    expect(said.slice(1).map((text) => text.replace(/^.*again in /u, ''))).toEqual([
      '500ms',
      '1s',
      '500ms',
    ])
  })

  it('leaves a program that cannot run for another target at once', async () => {
    const { clock, targets, end, answer } = await scene({ main: serves, backup: rests })
    for (let failure = 0; failure < 4; failure += 1) {
      end(1)
      await clock.advance(4_500)
    }
    end(1)

    answer({ main: rests, backup: serves })
    await clock.advance(1_200)

    expect(targets().at(-1)).toBe(backup)
  })

  it('tells why a program ended, and neither target nor key', async () => {
    const { said, end } = await scene({ main: serves, backup: rests })

    end(1, `frame=1\n[rtmp] Cannot open ${main}: Connection refused (key-of-main)\n`)

    expect(said[1]).toBe(
      'ffmpeg ended with status 1: [rtmp] Cannot open main: Connection refused (…); again in 500ms',
    )
  })

  it('ends its program before it ends', async () => {
    const { started, stop, done, end } = await scene({ main: serves, backup: rests })
    let isDone = false
    void done.then(() => (isDone = true))

    stop.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect([started[0]?.stopped, isDone]).toEqual([true, false])
    end()
    await done

    expect(isDone).toBe(true)
  })
})
