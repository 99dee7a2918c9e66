import { describe, expect, it, onTestFinished } from 'vitest'
import { runProgram } from '../../src/plugin/run-program.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { fakePrograms } from '../fakes/fake-programs.ts'

describe('a program that is run to its end', () => {
  it('tells its status, its output and its complaints', async () => {
    const clock = realClock()
    const processes = realProcesses({ clock })
    onTestFinished(() => processes.close())
    const run = (program: string, script: string) =>
      runProgram(processes, clock, { program, args: ['-c', script], deadlineMs: 15_000 })

    expect(await run('sh', 'echo out; echo err >&2; exit 3')).toEqual({
      ok: true,
      status: 3,
      output: 'out\n',
      errors: 'err\n',
    })
    expect(await run('/bin/sh', 'kill -9 $$')).toEqual({ ok: true, output: '', errors: '' })
    expect(await run('/no/such/program', '')).toEqual({
      ok: false,
      began: false,
      says: '/no/such/program is not installed',
    })
  })

  it('is ended where it takes too long, or nobody waits for it', async () => {
    const clock = new FakeClock()
    const { processes, started } = fakePrograms()
    const stop = new AbortController()
    const args = { program: 'slow', args: [], deadlineMs: 500 }

    const late = await clock.run(runProgram(processes, clock, args))
    const waiting = runProgram(processes, clock, { ...args, signal: stop.signal })
    await clock.advance(10)
    stop.abort()
    const left = await clock.run(waiting)
    const none = await runProgram(processes, clock, { ...args, signal: stop.signal })

    expect(late).toEqual({ ok: false, began: true, says: 'slow did not end within 500 ms' })
    expect(left).toEqual({ ok: false, began: true, says: 'slow was not waited for' })
    expect(none).toEqual({ ok: false, began: false, says: 'slow was not started' })
    expect(started.map(({ stopped }) => stopped)).toEqual([true, true])
  })
})
