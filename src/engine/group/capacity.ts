import type { GroupSettings } from '../../core/settings.ts'

/** Whether what was declared says that a path cannot carry this share (0 to 100) of the demand. What was not declared says nothing. */
export function isTooSmall(settings: GroupSettings, path: string, share: number): boolean {
  const { demand, paths } = settings.capacity ?? { paths: {} }
  const can = paths[path]
  if (demand === undefined || can === undefined) return false
  return can * 100 < demand * share
}

/**
 * The part of the demand, in percent, that these paths can carry together; `undefined` where the
 * demand or the capacity of one of them is not declared.
 */
export function capacityLeft(
  settings: GroupSettings,
  paths: readonly string[],
): number | undefined {
  const { demand, paths: declared } = settings.capacity ?? { paths: {} }
  if (demand === undefined || demand === 0) return undefined
  let sum = 0
  for (const path of paths) {
    const can = declared[path]
    if (can === undefined) return undefined
    sum += can
  }
  return Math.floor((sum * 100) / demand)
}
