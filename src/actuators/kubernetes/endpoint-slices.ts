import { z } from 'zod'
import type { Kind } from './kind.ts'

const slice = z.looseObject({
  endpoints: z
    .array(z.looseObject({ conditions: z.looseObject({ ready: z.boolean().nullish() }).nullish() }))
    .nullish(),
})

/**
 * EndpointSlices of a Service without selector (discovery.k8s.io/v1), one for each path: its endpoints
 * are ready, or none of them is.
 */
export function endpointSlicesKind(
  namespace: string,
  slices: Readonly<Record<string, string>>,
): Kind {
  const names = Object.entries(slices)
  return {
    shape: 'single',
    permission: `get and update endpointslices (discovery.k8s.io) ${names.map(([, name]) => name).join(', ')} in ${namespace}`,
    objects: names.map(([path, name]) => ({
      name,
      path,
      url: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`,
    })),
    weights(objects) {
      const weights = new Map<string, number>()
      for (const [index, [path, name]] of names.entries()) {
        const endpoints = slice.safeParse(objects[index]).data?.endpoints ?? []
        if (endpoints.length === 0) return { says: `the EndpointSlice ${name} has no endpoints` }
        // "A nil value should be interpreted as true" (EndpointConditions).
        const isIn = endpoints.some(({ conditions }) => conditions?.ready ?? true)
        weights.set(path, isIn ? 1 : 0)
      }
      return weights
    },
    edit(object, weights, path = '') {
      const ready = (weights.get(path) ?? 0) > 0
      const endpoints = (slice.parse(object).endpoints ?? []).map((endpoint) => ({
        ...endpoint,
        conditions: { ...endpoint.conditions, ready },
      }))
      return { ...object, endpoints }
    },
  }
}
