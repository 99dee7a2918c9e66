import { z } from 'zod'
import type { Kind } from './kind.ts'

const pod = z.looseObject({
  spec: z.looseObject({
    readinessGates: z.array(z.looseObject({ conditionType: z.string() })).nullish(),
  }),
  status: z
    .looseObject({
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).nullish(),
    })
    .default({}),
})

/**
 * A readiness gate of one pod for each path (Kubernetes, "Pod readiness"): the pod is ready only while
 * the condition that we write into its status is true. What follows readiness follows it.
 */
export function readinessGateKind(
  target: { readonly condition: string },
  namespace: string,
  pods: Readonly<Record<string, string>>,
): Kind {
  const names = Object.entries(pods)
  const { condition } = target
  return {
    shape: 'single',
    permission: `get pods and update pods/status ${names.map(([, name]) => name).join(', ')} in ${namespace}`,
    objects: names.map(([path, name]) => ({
      name,
      path,
      url: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    })),
    weights(objects) {
      const weights = new Map<string, number>()
      for (const [index, [path, name]] of names.entries()) {
        const { spec, status } = pod.safeParse(objects[index]).data ?? {}
        const gates = spec?.readinessGates ?? []
        if (!gates.some(({ conditionType }) => conditionType === condition)) {
          return { says: `the pod ${name} has no readiness gate ${condition}` }
        }
        const found = status?.conditions?.find(({ type }) => type === condition)
        weights.set(path, found?.status === 'True' ? 1 : 0)
      }
      return weights
    },
    edit(object, weights, path = '') {
      const { status } = pod.parse(object)
      const isIn = (weights.get(path) ?? 0) > 0
      const others = (status.conditions ?? []).filter(({ type }) => type !== condition)
      const own = { type: condition, status: isIn ? 'True' : 'False', reason: 'Changeover' }
      return { ...object, status: { ...status, conditions: [...others, own] } }
    },
  }
}
