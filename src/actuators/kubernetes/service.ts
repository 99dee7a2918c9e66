import { z } from 'zod'
import type { Kind } from './kind.ts'

const service = z.looseObject({
  spec: z.looseObject({ selector: z.record(z.string(), z.string()).nullish() }),
})

/** The selector of one Service: `values` names the value of `label` that the pods of each path bear. */
export function serviceKind(
  target: { readonly name: string; readonly label: string },
  namespace: string,
  values: Readonly<Record<string, string>>,
): Kind {
  const { name, label } = target
  return {
    shape: 'single',
    permission: `get and update services ${name} in ${namespace}`,
    objects: [{ name, url: `/api/v1/namespaces/${namespace}/services/${name}` }],
    weights([object]) {
      const parsed = service.safeParse(object)
      const value = parsed.data?.spec.selector?.[label]
      if (value === undefined) {
        return { says: `the selector of the Service ${name} does not say ${label}` }
      }
      return new Map(Object.entries(values).map(([path, each]) => [path, each === value ? 1 : 0]))
    },
    edit(object, weights) {
      const { spec } = service.parse(object)
      const heaviest = Object.keys(values).toSorted(
        (a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0),
      )[0]
      const selector = { ...spec.selector, [label]: values[heaviest ?? ''] ?? '' }
      return { ...object, spec: { ...spec, selector } }
    },
  }
}
