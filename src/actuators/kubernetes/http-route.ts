import { z } from 'zod'
import type { Kind } from './kind.ts'

/** What we keep of an HTTPRoute (gateway.networking.k8s.io/v1); the rest goes back as it came. */
const httpRoute = z.looseObject({
  spec: z.looseObject({
    rules: z.array(
      z.looseObject({
        backendRefs: z
          .array(
            z.looseObject({
              name: z.string(),
              kind: z.string().default('Service'),
              // HTTPBackendRef: 1 where none is said.
              weight: z.int().min(0).max(1_000_000).default(1),
            }),
          )
          .default([]),
      }),
    ),
  }),
})

/** Weights of the backends of one rule of an HTTPRoute: `backends` names the Service of each path. */
export function httpRouteKind(
  target: { readonly name: string; readonly rule: number },
  namespace: string,
  backends: Readonly<Record<string, string>>,
): Kind {
  const { name, rule: at } = target
  const url = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/${name}`
  return {
    shape: 'weights',
    permission: `get and update httproutes (gateway.networking.k8s.io) ${name} in ${namespace}`,
    objects: [{ name, url }],
    weights([object]) {
      const parsed = httpRoute.safeParse(object)
      const rule = parsed.data?.spec.rules[at]
      if (rule === undefined) return { says: `the HTTPRoute ${name} has no rule ${at}` }
      const weights = new Map<string, number>()
      for (const [path, backend] of Object.entries(backends)) {
        const refs = rule.backendRefs.filter((ref) => isService(ref, backend))
        const [ref] = refs
        if (ref === undefined || refs.length > 1) {
          const found = refs.length === 0 ? 'no' : 'more than one'
          return { says: `rule ${at} of the HTTPRoute ${name} has ${found} backend ${backend}` }
        }
        weights.set(path, ref.weight)
      }
      return weights
    },
    edit(object, weights) {
      const { spec } = httpRoute.parse(object)
      const shareOf = new Map(
        Object.entries(backends).map(([path, backend]) => [backend, weights.get(path) ?? 0]),
      )
      const original = (object['spec'] as { rules: readonly object[] }).rules
      const rules = original.map((rule, index) => {
        if (index !== at) return rule
        const refs = spec.rules[index]?.backendRefs ?? []
        const given = (rule as { backendRefs?: readonly object[] }).backendRefs ?? []
        const backendRefs = given.map((ref, position) => {
          const known = refs[position]
          const weight = known?.kind === 'Service' ? shareOf.get(known.name) : undefined
          return weight === undefined ? ref : { ...ref, weight }
        })
        return { ...rule, backendRefs }
      })
      return { ...object, spec: { ...(object['spec'] as object), rules } }
    },
  }
}

function isService(ref: { readonly name: string; readonly kind: string }, name: string): boolean {
  return ref.kind === 'Service' && ref.name === name
}
