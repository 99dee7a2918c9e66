import { createHash } from 'node:crypto'

/**
 * The version of a target that holds one number for each path: `cdn-a=100 cdn-b=0; rest 1f2e…`, the
 * numbers and a digest of everything else that a write could overwrite.
 */
export function weightsVersion(
  values: ReadonlyMap<string, number>,
  paths: readonly string[],
  rest: unknown,
): string {
  const digest = createHash('sha256').update(canonical(rest)).digest('hex').slice(0, 16)
  return `${shown(values, paths)}; rest ${digest}`
}

/** The version once other `values` are written and all else is as it was; `undefined` for what is no version. */
export function weightsVersionAfter(
  version: string,
  values: ReadonlyMap<string, number>,
  paths: readonly string[],
): string | undefined {
  const digest = /; rest ([0-9a-f]{16})$/u.exec(version)?.[1]
  return digest === undefined ? undefined : `${shown(values, paths)}; rest ${digest}`
}

/** JSON with its keys in order, so that equal values have one text. */
export function canonical(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  ) as string | undefined
  return text ?? ''
}

function shown(values: ReadonlyMap<string, number>, paths: readonly string[]): string {
  return paths.map((path) => `${path}=${values.get(path) ?? 0}`).join(' ')
}
