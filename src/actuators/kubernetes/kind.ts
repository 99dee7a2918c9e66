import { createHash } from 'node:crypto'
import { z } from 'zod'

/** What every object of the API has, and whatever else it has. */
export const kubernetesObject = z.looseObject({
  metadata: z.looseObject({
    resourceVersion: z.string().min(1),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
})

export type KubernetesObject = z.output<typeof kubernetesObject>

/** Weight by path; from 0, any scale. */
export type Weights = ReadonlyMap<string, number>

/** One kind of target: which objects it is made of, what they give each path, and how they are edited. */
export interface Kind {
  /** `weights`: any share per path. `single`: a path is in or out. */
  readonly shape: 'weights' | 'single'
  /** What the service account must be allowed. */
  readonly permission: string
  /**
   * The objects, by name. An object with `path` decides of that path alone; one without decides of all.
   */
  readonly objects: readonly {
    readonly name: string
    /** Below the API server: `/api/v1/namespaces/live/services/live`. */
    readonly url: string
    readonly path?: string
  }[]
  /** The weight that the objects give each path, in the order of `objects`; or why they cannot say. */
  weights(objects: readonly KubernetesObject[]): Weights | { readonly says: string }
  /** The object with these weights in place of its own; the rest of it stays as it is. */
  edit(object: KubernetesObject, weights: Weights, path: string | undefined): KubernetesObject
}

/** The annotation that says whose an object is. */
export const mark = 'changeover/group'

/**
 * A digest of what a person or we can say of an object. What the API server and controllers count and
 * report (status, versions, field owners) is no edit.
 */
export function digestOf(object: KubernetesObject): string {
  const { metadata, status, ...rest } = object
  const { labels, annotations } = metadata
  const own = { ...rest, labels: labels ?? {}, annotations: annotations ?? {} }
  void status
  return createHash('sha256').update(canonical(own)).digest('hex').slice(0, 16)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`
}
