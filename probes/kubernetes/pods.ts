import { z } from 'zod'
import type { Measurements } from '../../src/core/sample.ts'
import type { ServerApi } from '../../src/plugin/server-api.ts'
import type { ServerAnswer, ServerReading } from '../../src/plugin/server-reading.ts'
import { list } from './list.ts'

/** What we keep of a Pod (v1). */
const pod = z.object({
  metadata: z.object({ deletionTimestamp: z.string().nullish() }),
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
      containerStatuses: z
        .array(
          z.object({
            name: z.string(),
            restartCount: z.number().default(0),
            state: z
              .object({ running: z.object({ startedAt: z.string().nullish() }).nullish() })
              .optional(),
          }),
        )
        .nullish(),
    })
    .optional(),
})

/**
 * Pods of a selector, those that are ready, and the restarts of their containers together. The
 * uptime is that of the youngest container.
 */
export async function readPods(
  api: ServerApi,
  namespace: string,
  selector: string,
  container: string | undefined,
  wall: number,
): Promise<
  | { readonly ok: true; readonly reading: ServerReading; readonly measurements: Measurements }
  | Extract<ServerAnswer, { ok: false }>
> {
  const listed = await list(api, `/api/v1/namespaces/${namespace}/pods`, selector, pod)
  if (!listed.ok) return listed
  const pods = listed.items
  const ready = pods.filter(
    ({ metadata, status }) =>
      (metadata.deletionTimestamp ?? undefined) === undefined &&
      (status?.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True'),
  )
  const containers = pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .filter(({ name }) => container === undefined || name === container)
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
  const youngest = containers
    .map(({ state }) => Date.parse(state?.running?.startedAt ?? ''))
    .filter((at) => !Number.isNaN(at))
    .reduce<number | undefined>(
      (last, at) => (last === undefined || at > last ? at : last),
      undefined,
    )
  return {
    ok: true,
    measurements: { pods: pods.length, pods_ready: ready.length },
    reading: {
      restarts,
      ...(youngest !== undefined && { uptimeSeconds: Math.max(0, (wall - youngest) / 1_000) }),
    },
  }
}
