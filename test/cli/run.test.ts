import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Composition, RunningWatchdog, WatchdogStart } from '../../src/cli/composition.ts'
import { watchText } from '../../src/cli/file-watch.ts'
import { createLogger } from '../../src/cli/logger.ts'
import { ChangeoverError } from '../../src/core/errors.ts'
import { ManualClock } from '../api/manual-clock.ts'
import { fakeComposition, hurriedClock, ownFolder, run, wall } from './harness.ts'

const text = `mode: armed
streams:
  channel-1:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: https://a.example/main.m3u8 }
        actuators: [{ type: serve }]
`

type Reloaded = Awaited<ReturnType<RunningWatchdog['reload']>>

/** A process with a watchdog that only remembers what is done to it. */
function process(reloads: readonly (Reloaded | Error)[] = []) {
  const events: string[] = []
  const starts: WatchdogStart[] = []
  let end = () => {}
  let hangUp = () => {}
  let left = [...reloads]
  const parts: Partial<Composition> = {
    untilStopped: (onReload) =>
      new Promise((resolve) => {
        end = resolve
        hangUp = onReload ?? hangUp
      }),
    async startWatchdog(start) {
      events.push('start')
      starts.push(start)
      return {
        url: 'http://127.0.0.1:8642',
        publicUrl: 'http://0.0.0.0:8643',
        tokenFile: '/var/lib/changeover/changeover.token',
        async reload() {
          events.push('reload')
          const [next, ...rest] = left
          left = rest
          if (next instanceof Error) throw next
          return next ?? { ok: true, warnings: [] }
        },
        async stop() {
          events.push('stop')
        },
      }
    },
  }
  const file = join(ownFolder(), 'site.yaml')
  writeFileSync(file, text)
  const started = async () => {
    await expect.poll(() => events).toContain('start')
  }
  return { parts, events, starts, file, started, end: () => end(), hangUp: () => hangUp() }
}

/** The lines of a JSON log. */
function entries(out: string): Record<string, unknown>[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('changeover run', () => {
  it('starts the watchdog on the file, says what it watches, and stops when asked', async () => {
    const { parts, events, starts, file, started, end } = process()

    const running = run(['run', file], fakeComposition(parts))
    await started()
    end()
    const { code, out, err } = await running

    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(events).toEqual(['start', 'stop'])
    expect(starts[0]).toMatchObject({ fileName: file })
    expect(starts[0]?.read()).toBe(text)
    const [first, ...rest] = entries(out)
    expect(first).toEqual({
      level: 'info',
      time: expect.stringMatching(/^2026-03-04T\d\d:\d\d:\d\d\.\d{3}Z$/u),
      message: 'Changeover watches',
      url: 'http://127.0.0.1:8642/',
      publicUrl: 'http://0.0.0.0:8643/',
      file: '/var/lib/changeover/changeover.token',
      mode: 'armed',
      profile: 'default',
      groups: ['channel-1/cdn'],
    })
    expect(rest.filter(({ level }) => level === 'warn').length).toBeGreaterThan(0)
    expect(rest.at(-1)?.['message']).toBe('stopping; traffic stays as it is')
  })

  it('tells a person in a terminal in lines', async () => {
    const { parts, file, started, end } = process()

    const running = run(['run', file], fakeComposition(parts), { isTerminal: true })
    await started()
    end()
    const { out } = await running

    expect(out).toMatch(
      new RegExp(
        '^Changeover watches\\.\n' +
          '  status page  http://127\\.0\\.0\\.1:8642\n' +
          '  public       http://0\\.0\\.0\\.0:8643\n' +
          '  token        in /var/lib/changeover/changeover\\.token\n' +
          '  mode         armed\n' +
          '  groups       channel-1/cdn\n' +
          'warning: ',
        'u',
      ),
    )
    expect(out).toMatch(/\n\d\d:\d\d:\d\d\.\d{3} stopping; traffic stays as it is\n$/u)
  })

  it('reads the configuration again on SIGHUP, and keeps the old one where the new is wrong', async () => {
    const { parts, events, file, started, end, hangUp } = process([
      { ok: false, errors: ['site.yaml:1:1: mode: expected off, advise or armed'] },
      new ChangeoverError('CONFIG_INVALID', 'There is no file site.yaml.'),
      { ok: true, warnings: ['one vantage only'] },
    ])
    const sleep: Composition['clock']['sleep'] = (_ms, signal) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve(false))
      })
    const clock = { ...hurriedClock(), sleep }

    const running = run(['run', file], fakeComposition({ ...parts, clock }))
    await started()
    for (const count of [1, 2, 3]) {
      await expect
        .poll(() => {
          if (events.filter((event) => event === 'reload').length < count) hangUp()
          return events.filter((event) => event === 'reload').length
        })
        .toBe(count)
    }
    end()
    const { code, out } = await running

    expect(code).toBe(0)
    const said = entries(out).filter(({ level, message }) => {
      return (
        level === 'error' || String(message).includes('force') || message === 'one vantage only'
      )
    })
    expect(said).toMatchObject([
      {
        level: 'error',
        errors: ['site.yaml:1:1: mode: expected off, advise or armed'],
        message: 'the configuration was not taken over; the running one is kept',
      },
      {
        level: 'error',
        error: 'There is no file site.yaml.',
        message: 'the configuration could not be read; the running one is kept',
      },
      { level: 'info', message: 'the new configuration is in force' },
      { level: 'warn', message: 'one vantage only' },
    ])
  })

  it('reads the configuration again when the file has changed', async () => {
    const { parts, events, file, started, end } = process()

    const running = run(['run', file], fakeComposition(parts))
    await started()
    writeFileSync(file, `${text}# changed\n`)
    await expect.poll(() => events).toContain('reload')
    end()
    const { out } = await running

    expect(events.filter((event) => event === 'reload')).toHaveLength(1)
    expect(entries(out).map(({ message }) => message)).toContain(
      'the configuration has changed: reading it again',
    )
  })

  it('starts nothing on a configuration with errors', async () => {
    const { parts, events, file } = process()
    writeFileSync(file, 'mode: loud\n')

    const { code, out, err } = await run(['run', file], fakeComposition(parts))

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`error: ${file}:1:7: mode: `)
    expect(events).toEqual([])
  })

  it('ends with 2 where the address is taken', async () => {
    const { parts, file } = process()
    const says = 'cannot listen on 127.0.0.1:8642: address already in use'
    const startWatchdog = () => Promise.reject(new ChangeoverError('LISTEN_FAILED', says))

    const ran = await run(['run', file], fakeComposition({ ...parts, startWatchdog }))

    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining(`error: ${says}\n`) })
  })
})

describe('watching a file', () => {
  async function looks(texts: readonly (string | Error)[]) {
    const clock = new ManualClock()
    const stop = new AbortController()
    let look = -1
    const changes: number[] = []
    const read = () => {
      look += 1
      const found = texts[Math.min(look, texts.length - 1)]
      if (found instanceof Error) throw found
      return found ?? ''
    }
    const watching = watchText(clock, read, stop.signal, () => changes.push(look))
    for (let count = 0; count < texts.length + 2; count += 1) {
      clock.advance(1_000)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    stop.abort()
    await watching
    return changes
  }

  it.each([
    { what: 'nothing changed', texts: ['a', 'a', 'a'], at: [] },
    { what: 'it changed and stayed', texts: ['a', 'b', 'b', 'b'], at: [2] },
    { what: 'it was written bit by bit', texts: ['a', 'b', 'bb', 'bbb', 'bbb'], at: [4] },
    { what: 'it was gone for a moment', texts: ['a', new Error('gone'), 'a', 'a'], at: [] },
    { what: 'it was replaced', texts: ['a', new Error('gone'), 'b', 'b'], at: [3] },
    { what: 'it was taken back at once', texts: ['a', 'b', 'a', 'a'], at: [] },
    { what: 'it changed twice', texts: ['a', 'b', 'b', 'a', 'a'], at: [2, 4] },
  ])('calls where $what: at looks $at', async ({ texts, at }) => {
    expect(await looks(texts)).toEqual(at)
  })
})

describe('the log', () => {
  async function logged(form: 'json' | 'lines') {
    let out = ''
    const io = {
      out: (part: string) => void (out += part),
      err() {},
      isTerminal: false,
      width: 80,
      color: false,
      errIsTerminal: false,
      errColor: false,
    }
    const log = await createLogger(io, new ManualClock(wall), form)
    log.info({ path: 'a/b/c', seconds: 1.5, ok: true, token: 7 }, 'looked')
    log.warn(
      {
        url: 'https://maria:hunter2@a.example/x?sig=hunter2',
        request: { authorization: 'Bearer hunter2', cookie: ['hunter2'] },
        password: 'hunter2',
      },
      'asked rtmp://a.example/live/hunter2',
    )
    log.error({ error: new Error('no https://x:hunter2@b.example/') }, 'failed\u001b[2J\nforged')
    return out
  }

  it('is one JSON object per line, with no secret in it', async () => {
    const out = await logged('json')

    expect(out).not.toContain('hunter2')
    expect(entries(out)).toEqual([
      {
        level: 'info',
        time: '2026-03-04T05:06:07.890Z',
        path: 'a/b/c',
        seconds: 1.5,
        ok: true,
        token: 7,
        message: 'looked',
      },
      {
        level: 'warn',
        time: '2026-03-04T05:06:07.890Z',
        url: 'https://a.example/x?sig=…',
        request: { authorization: '[hidden]', cookie: '[hidden]' },
        password: '[hidden]',
        message: 'asked rtmp://a.example/live/…',
      },
      {
        level: 'error',
        time: '2026-03-04T05:06:07.890Z',
        error: 'no https://b.example/',
        message: 'failed\u001b[2J\nforged',
      },
    ])
  })

  it('is short lines for people, which nobody can forge', async () => {
    expect(await logged('lines')).toBe(
      [
        '05:06:07.890 looked  path=a/b/c seconds=1.5 ok=true token=7',
        '05:06:07.890 warn asked rtmp://a.example/live/…  url=https://a.example/x?sig=… request={"authorization":"[hidden]","cookie":"[hidden]"} password=[hidden]',
        '05:06:07.890 error failed [2J forged  error="no https://b.example/"',
        '',
      ].join('\n'),
    )
  })
})
