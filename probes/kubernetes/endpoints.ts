import { z } from 'zod'
import type { Measurements } from '../../src/core/sample.ts'
import type { ServerApi } from '../../src/plugin/server-api.ts'
import type { ServerAnswer } from '../../src/plugin/server-reading.ts'
import { list } from './list.ts'

/** What we keep of an EndpointSlice (discovery.k8s.io/v1). */
const slice = z.object({
  endpoints: z
    .array(z.object({ conditions: z.object({ ready: z.boolean().nullish() }).optional() }))
    .nullish(),
})

/** Endpoints of a service, and those that are ready; an absent condition means ready, as the API says. */
export async function readEndpoints(
  api: ServerApi,
  namespace: string,
  service: string,
): Promise<
  { readonly ok: true; readonly measurements: Measurements } | Extract<ServerAnswer, { ok: false }>
> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  const listed = await list(api, path, `kubernetes.io/service-name=${service}`, slice)
  if (!listed.ok) return listed
  const endpoints = listed.items.flatMap((each) => each.endpoints ?? [])
  const ready = endpoints.filter(({ conditions }) => conditions?.ready ?? true)
  return {
    ok: true,
    measurements: { endpoints: endpoints.length, endpoints_ready: ready.length },
  }
}
