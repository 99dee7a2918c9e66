import type { FaultHook } from '../../core/drill-plan.ts'
import type { Net } from '../../plugin/net.ts'

/** Which drill a fault belongs to; a webhook is told. */
export interface FaultSubject {
  readonly drill: string
  readonly plan: string
  readonly group: string
  readonly path: string
  /** Milliseconds after which the fault must be gone, whoever is left to end it. */
  readonly forMs: number
}

export type HookAnswer =
  | { readonly ok: true; readonly says: string; readonly id?: string }
  | { readonly ok: false; readonly says: string }

const deadlineMs = 5_000
const maxBytes = 64 * 2 ** 10

/** Breaks what the hook breaks. A fault of the lab ends by itself, also where nobody is left to end it. */
export async function beginFault(
  net: Pick<Net, 'http'>,
  hook: FaultHook,
  subject: FaultSubject,
): Promise<HookAnswer> {
  if (hook.by === 'webhook')
    return await post(net, hook.begin, { action: 'begin', ...told(subject) })
  const { fault, target, url, value } = hook
  const order = {
    target,
    fault,
    for: `${Math.ceil(subject.forMs / 1_000)}s`,
    ...(value !== undefined && { value }),
  }
  return await post(net, `${url.replace(/\/$/u, '')}/lab/faults`, order)
}

/** Heals it again. To be called until it succeeds, and harmless where nothing is broken. */
export async function endFault(
  net: Pick<Net, 'http'>,
  hook: FaultHook,
  subject: FaultSubject,
  id: string | undefined,
): Promise<HookAnswer> {
  if (hook.by === 'webhook') return await post(net, hook.end, { action: 'end', ...told(subject) })
  if (id === undefined) return { ok: true, says: 'the fault of the lab ends by itself' }
  const url = `${hook.url.replace(/\/$/u, '')}/lab/faults/${encodeURIComponent(id)}`
  const answer = await net.http({ url, method: 'DELETE', deadlineMs, maxBytes, maxRedirects: 0 })
  if (!answer.ok) return { ok: false, says: answer.says }
  // Not found: it ended by itself.
  const isGone = answer.status === 200 || answer.status === 404
  return isGone ? { ok: true, says: 'healed' } : { ok: false, says: `status ${answer.status}` }
}

function told({ drill, plan, group, path, forMs }: FaultSubject): Record<string, unknown> {
  return { drill, plan, group, path, for_seconds: Math.ceil(forMs / 1_000) }
}

async function post(
  net: Pick<Net, 'http'>,
  url: string,
  body: Readonly<Record<string, unknown>>,
): Promise<HookAnswer> {
  const answer = await net.http({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    deadlineMs,
    maxBytes,
    maxRedirects: 0,
  })
  if (!answer.ok) return { ok: false, says: `the fault hook did not answer: ${answer.says}` }
  if (answer.status >= 300) {
    return { ok: false, says: `the fault hook answered with status ${answer.status}` }
  }
  const id = idOf(answer.body)
  return { ok: true, says: 'broken', ...(id !== undefined && { id }) }
}

function idOf(body: Buffer): string | undefined {
  try {
    const value = JSON.parse(body.toString()) as { id?: unknown }
    return typeof value.id === 'string' ? value.id : undefined
  } catch {
    return undefined
  }
}
