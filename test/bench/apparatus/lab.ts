import { join } from 'node:path'
import { start, type Started } from './processes.ts'

/** What the lab is to consist of. */
export interface LabOrder {
  readonly streams: number
  readonly segmentSeconds: number
  readonly edges: readonly string[]
}

/** A lab in a process of its own. */
export interface LabProcess extends Started {
  readonly origin: string
  readonly edges: Readonly<Record<string, string>>
  /** Requests that a server has had since the start. */
  requests(server: string): Promise<number>
  /** Breaks something, `target` as in the documentation of the lab; gives the number of the fault. */
  inject(target: string, fault: string, value?: number): Promise<string>
  heal(fault: string): Promise<void>
}

/** The name of the stream with this index: `s000`. */
export function streamName(index: number): string {
  return `s${String(index).padStart(3, '0')}`
}

/** Starts the lab from source and waits until it listens. */
export async function startLabProcess(order: LabOrder): Promise<LabProcess> {
  const script = join(import.meta.dirname, '../lab.process.ts')
  const args = ['--disable-warning=ExperimentalWarning', script, JSON.stringify(order)]
  const started = await start(process.execPath, args, (line) => line.startsWith('{'))
  const urls = JSON.parse(started.line) as {
    readonly origin: string
    readonly control: string
    readonly edges: Readonly<Record<string, string>>
  }
  const faults = `${urls.control}/lab/faults`
  return {
    pid: started.pid,
    stop: async () => await started.stop(),
    origin: urls.origin,
    edges: urls.edges,
    async requests(server) {
      const answer = await fetch(`${urls.control}/lab/state`)
      const state = (await answer.json()) as { readonly requests: Record<string, number> }
      return state.requests[server] ?? 0
    },
    async inject(target, fault, value) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ target, fault, ...(value !== undefined && { value }) })
      const answer = await fetch(faults, { method: 'POST', headers, body })
      if (!answer.ok) throw new Error(await answer.text())
      return ((await answer.json()) as { readonly id: string }).id
    },
    async heal(fault) {
      const answer = await fetch(`${faults}/${fault}`, { method: 'DELETE' })
      if (!answer.ok) throw new Error(await answer.text())
      await answer.arrayBuffer()
    },
  }
}
