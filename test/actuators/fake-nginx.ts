import type { ExchangeRequest, ExchangeResult, Net, NetFault } from '../../src/plugin/net.ts'
import type { Files } from '../../src/plugin/files.ts'
import type { Processes } from '../../src/plugin/processes.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'

/** How long the real one takes to start new workers, and how long old ones then go on accepting. */
const startMs = 40
const besideMs = 100

/**
 * An nginx whose file, test, reload and workers are values: `text` is the file, `served` what the
 * workers took. Old workers answer every second question for a while after a reload.
 */
export function fakeNginx(text: string) {
  const clock = new FakeClock()
  const net: Net = new ScriptedNet(clock)
  const fake = {
    clock,
    net,
    text,
    served: text,
    /** What `nginx -t` complains of. */
    refusal: '',
    /** A reload that the master does not take: it says so in its log alone. */
    ignoresReload: false,
    /** Programs that never end. */
    hangs: '' as '' | '-t' | '-s',
    isDown: false,
    isSilent: false,
    /** The text can be replaced so many times more. */
    writes: Number.POSITIVE_INFINITY,
    ran: [] as string[],
    files: {} as Files,
    processes: {} as Processes,
  }
  let before = text
  let switchedAt = Number.NEGATIVE_INFINITY
  let asked = 0

  fake.files = {
    read: async (path) => {
      if (fake.text === '') {
        return { ok: false, missing: true, says: `cannot read ${path}: it is not there` }
      }
      return { ok: true, text: fake.text }
    },
    replace: async (path, next) => {
      if (fake.writes <= 0) return { ok: false, says: `cannot write ${path}: the disk is full` }
      fake.writes -= 1
      fake.text = next
      return { ok: true }
    },
  }
  fake.processes = {
    find: (program) => program,
    start: async ({ args, onError, onEnd }) => {
      const words = args('')
      fake.ran.push(words.join(' '))
      const what = words[0] ?? ''
      if (fake.hangs === what) return { ok: true, stop: () => onEnd() }
      if (what === '-t') {
        if (fake.refusal !== '')
          onError(`2026/11/21 18:53:07 [emerg] 6823#6823: ${fake.refusal}\nnginx: test failed\n`)
        onEnd(fake.refusal === '' ? 0 : 1)
      } else {
        if (fake.isDown) onError('nginx: [error] invalid PID number "" in "nginx.pid"\n')
        else if (!fake.ignoresReload) {
          before = fake.served
          fake.served = fake.text
          switchedAt = clock.now() + startMs
        }
        onEnd(fake.isDown ? 1 : 0)
      }
      return { ok: true, stop: () => {} }
    },
  }
  net.exchange = async ({ deadlineMs, signal }: ExchangeRequest): Promise<ExchangeResult> => {
    const fail = (fault: NetFault, says: string): ExchangeResult => ({
      ok: false,
      fault,
      phase: 'connect',
      says,
      bytes: 0,
      timings: { total: 0 },
    })
    if (signal?.aborted) return fail('aborted', 'aborted')
    if (fake.isSilent) {
      await clock.sleep(deadlineMs, signal)
      return fail('timeout', 'no answer in time')
    }
    asked += 1
    const isOld =
      clock.now() < switchedAt || (clock.now() < switchedAt + besideMs && asked % 2 === 0)
    const answer = /return 200 "(.*)\\n";/u.exec(isOld ? before : fake.served)?.[1]
    if (fake.isDown || answer === undefined) return fail('refused', 'connection refused')
    const body = Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${answer.replace('$pid', '42')}\n`)
    return { ok: true, body, truncated: false, ms: 1 }
  }
  return fake
}
