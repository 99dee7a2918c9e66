import type { Processes, ProcessRequest } from '../../src/plugin/processes.ts'

/** A program that the test plays. */
export interface FakeProgram {
  readonly request: ProcessRequest
  readonly args: readonly string[]
  stopped: boolean
}

/** Programs that the test plays; they are all installed. */
export function fakePrograms(more: Partial<Processes> = {}) {
  const started: FakeProgram[] = []
  const processes: Processes = {
    find: (program) => `/usr/bin/${program}`,
    start: async (request) => {
      const entry = { request, args: request.args('/tmp/reports'), stopped: false }
      started.push(entry)
      return { ok: true, stop: () => void (entry.stopped = true) }
    },
    ...more,
  }
  return { processes, started }
}
