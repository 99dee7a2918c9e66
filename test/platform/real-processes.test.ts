import { existsSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'

function open() {
  const processes = realProcesses({ clock: realClock() })
  onTestFinished(() => processes.close())
  return processes
}

/** Runs a shell script, which gets the pipe for reports as $0. */
async function run(processes: ReturnType<typeof realProcesses>, script: string) {
  const seen = { output: '', error: '', report: '', ended: false, pipe: '' }
  const started = await processes.start({
    program: 'sh',
    args: (reports) => {
      seen.pipe = reports
      return ['-c', script, reports]
    },
    onOutput: (chunk) => (seen.output += chunk.toString()),
    onError: (text) => (seen.error += text),
    onReport: (text) => (seen.report += text),
    onEnd: () => (seen.ended = true),
  })
  return { seen, started }
}

describe('a program', () => {
  it('gives its output, its complaints and its reports apart', async () => {
    const { seen } = await run(
      open(),
      'echo report > $0; echo complaint >&2; echo media; sleep 0.2',
    )

    await expect.poll(() => seen.ended).toBe(true)
    expect(seen).toMatchObject({ output: 'media\n', error: 'complaint\n', report: 'report\n' })
    expect(existsSync(dirname(seen.pipe))).toBe(false)
  })

  it('has a pipe that nobody else can open, whose name goes with the first output', async () => {
    const { seen } = await run(
      open(),
      'exec 3> $0; sleep 0.3; echo media; echo late >&3; exec sleep 30',
    )
    const folder = dirname(seen.pipe)

    expect(statSync(folder).mode & 0o777).toBe(0o700)
    await expect.poll(() => seen.report).toBe('late\n')
    expect(existsSync(folder)).toBe(false)
    expect(seen.ended).toBe(false)
  })

  it('has nothing of our environment but the PATH', async () => {
    const { seen } = await run(open(), 'env | cut -d= -f1 | sort | tr "\\n" " "')

    await expect.poll(() => seen.ended).toBe(true)
    const names = seen.output.trim().split(' ')
    // PWD, SHLVL and _ are the shell's own.
    expect(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))).toEqual([
      'LC_ALL',
      'PATH',
    ])
  })

  it('reads what it is given, writes to three outputs, and has no pipe where nobody wants reports', async () => {
    const seen = { output: '', second: 0, third: '', ended: false, niceness: '' }
    // More than pipes hold.
    const input = Buffer.alloc(300_000, 'x')

    const started = await open().start({
      program: 'sh',
      args: (reports) => ['-c', 'cat >&3; echo three >&4; nice >&2; echo "[$0]"', reports],
      input,
      isPatient: true,
      onOutput: (chunk) => (seen.output += chunk.toString()),
      onSecondOutput: (chunk) => (seen.second += chunk.length),
      onThirdOutput: (chunk) => (seen.third += chunk.toString()),
      onError: (text) => (seen.niceness += text.trim()),
      onEnd: () => (seen.ended = true),
    })

    expect(started.ok).toBe(true)
    await expect.poll(() => seen.ended).toBe(true)
    expect(seen.output).toBe('[]\n')
    expect(seen).toMatchObject({ second: 300_000, third: 'three\n' })
    expect(Number(seen.niceness)).toBe(constants.priority.PRIORITY_LOW)
  })

  it('that does not read its input ends all the same', async () => {
    let ended = false

    await open().start({
      program: 'true',
      args: () => [],
      input: Buffer.alloc(300_000),
      onOutput: () => {},
      onError: () => {},
      onEnd: () => (ended = true),
    })

    await expect.poll(() => ended).toBe(true)
  })

  it('is asked to end, and ended where it does not listen', async () => {
    const { seen, started } = await run(
      open(),
      'trap "" TERM; echo ready; while :; do sleep 0.1; done',
    )
    await expect.poll(() => seen.output).toBe('ready\n')

    if (started.ok) started.stop()

    await expect.poll(() => seen.ended).toBe(true)
  })

  it('takes with it what it started, when it is asked to end', async () => {
    const { seen, started } = await run(
      open(),
      'trap "" TERM; (trap "" TERM; echo $$; sleep 30) & echo here; wait',
    )
    await expect.poll(() => seen.output).toContain('here')
    if (started.ok) started.stop()

    await expect.poll(() => seen.ended, { timeout: 10_000 }).toBe(true)
    await expect.poll(() => groupIsAlive(Number(seen.output.split('\n')[0]))).toBe(false)
  })

  it('that ended is over, though what it left behind holds its output, and what it wrote is read', async () => {
    const { seen } = await run(open(), 'echo $$; sleep 30 & echo done')
    onTestFinished(() => endGroup(Number(seen.output.split('\n')[0])))

    await expect.poll(() => seen.ended, { timeout: 10_000 }).toBe(true)

    expect(seen.output).toMatch(/^\d+\ndone\n$/)
    // It ended by itself, so what it left is its own affair: it may be meant to go on.
    expect(groupIsAlive(Number(seen.output.split('\n')[0]))).toBe(true)
  })

  it('ends with everything, and no other begins then', async () => {
    const processes = open()
    const { seen } = await run(processes, 'echo ready; exec sleep 30')
    await expect.poll(() => seen.output).toBe('ready\n')

    await processes.close()

    expect(seen.ended).toBe(true)
    expect((await run(processes, 'true')).started).toEqual({
      ok: false,
      says: 'the program is ending',
    })
  })

  it('that is not installed is a sentence', async () => {
    const processes = open()

    const started = await processes.start({
      program: 'no-such-program',
      args: () => [],
      onOutput: () => {},
      onError: () => {},
      onReport: () => {},
      onEnd: () => {},
    })

    expect(processes.find('no-such-program')).toBeUndefined()
    expect(started).toEqual({ ok: false, says: 'no-such-program is not installed' })
  })
})

/** Whether anybody is left in the process group of a program. */
function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
