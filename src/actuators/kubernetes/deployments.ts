import { z } from 'zod'
import type { Kind } from './kind.ts'

const scale = z.looseObject({
  spec: z.looseObject({ replicas: z.int().min(0).default(0) }).default({ replicas: 0 }),
})

/**
 * Replicas of one Deployment for each path, by its scale (autoscaling/v1): a path that serves has at
 * least `serving` of them and at most `ceiling`, one that does not has `standby`.
 */
export function deploymentsKind(
  target: { readonly serving: number; readonly standby: number; readonly ceiling: number },
  namespace: string,
  deployments: Readonly<Record<string, string>>,
): Kind {
  const names = Object.entries(deployments)
  const { serving, standby, ceiling } = target
  const replicasOf = (object: unknown) => scale.safeParse(object).data?.spec.replicas ?? 0
  return {
    shape: 'single',
    permission: `get and update deployments/scale (apps) ${names.map(([, name]) => name).join(', ')} in ${namespace}`,
    objects: names.map(([path, name]) => ({
      name,
      path,
      url: `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`,
    })),
    weights: (objects) =>
      new Map(names.map(([path], index) => [path, replicasOf(objects[index]) >= serving ? 1 : 0])),
    edit(object, weights, path = '') {
      const now = replicasOf(object)
      const isIn = (weights.get(path) ?? 0) > 0
      // What an autoscaler added stays, up to the ceiling.
      const replicas = isIn ? Math.min(Math.max(now, serving), ceiling) : standby
      const { spec } = scale.parse(object)
      return { ...object, spec: { ...spec, replicas } }
    },
  }
}
