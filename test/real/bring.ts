import type { Allocation } from '../../src/core/allocation.ts'
import type { Actuator, ApplyResult } from '../../src/plugin/actuator.ts'

const never = new AbortController().signal

/** Brings a target to an allocation the way the controller does, up to the first step that fails. */
export async function bring(actuator: Actuator, wanted: Allocation): Promise<ApplyResult[]> {
  const read = await actuator.observe(never)
  if (!read.ok) throw new Error(read.says)
  let current = read.observed.version
  const results: ApplyResult[] = []
  for (const step of actuator.plan(read.observed, wanted)) {
    const result = await actuator.apply(step, current, never)
    results.push(result)
    if (result.result !== 'applied') break
    current = result.version ?? current
  }
  return results
}
