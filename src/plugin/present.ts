/** The values that are there: finite numbers. What is absent, NaN or infinite counts as not measured. */
export function present(
  values: Readonly<Record<string, number | undefined>>,
): Record<string, number> {
  const kept: Record<string, number> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && Number.isFinite(value)) kept[name] = value
  }
  return kept
}
