import { z } from 'zod'
import { sameAllocation, sharesOf, type Allocation } from '../core/allocation.ts'
import { redactText } from '../core/redact.ts'
import type { ApplyResult, Observed, ObserveResult, Step } from './actuator.ts'

/** What a service or a program of one's own says of the target, as JSON. */
const state = z.object({
  allocation: z.record(z.string(), z.number().min(0)),
  version: z.string().min(1).max(1_024),
  ours: z.boolean().default(true),
  says: z.string().optional(),
})

/** What it says of a change. */
const outcome = z.object({
  result: z.enum(['applied', 'conflict', 'failed', 'unknown']),
  version: z.string().min(1).max(1_024).optional(),
  retry: z.boolean().default(false),
  says: z.string().optional(),
})

/**
 * The observed target in the answer `value` of `who` (`the webhook`). Every path must be named and
 * nothing else: an answer that leaves something out is no target with nothing on it.
 */
export function observedFrom(value: unknown, paths: readonly string[], who: string): ObserveResult {
  const refused = (says: string): ObserveResult => ({ ok: false, retry: false, says })
  const parsed = state.safeParse(value)
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    const at = where === '' ? '' : ` (${where})`
    return refused(`${who} says something else than allocation and version${at}`)
  }
  const { allocation, version, ours, says } = parsed.data
  const lost = paths.find((path) => !Object.hasOwn(allocation, path))
  if (lost !== undefined) return refused(`${who} says nothing of path ${lost}`)
  const odd = Object.keys(allocation).find((path) => !paths.includes(path))
  if (odd !== undefined) return refused(`${who} names ${odd}, which is no path of this group`)
  const shares = sharesOf(new Map(paths.map((path) => [path, allocation[path] ?? 0])))
  const shown = paths.map((path) => `${path} ${shares[path]}`).join(', ')
  const told = says === undefined ? '' : `: ${oneLine(says)}`
  return {
    ok: true,
    observed: { allocation: shares, version, ours, says: `${who} says ${shown}${told}` },
  }
}

/** One step that holds the whole wanted allocation: the other side does it at once, or not at all. */
export function planWhole(
  observed: Observed,
  wanted: Allocation,
  paths: readonly string[],
): readonly Step[] {
  const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
  if (sameAllocation(observed.allocation, target)) return []
  const shown = paths.map((path) => `${path} ${target[path]}`).join(', ')
  return [{ says: `ask for ${shown}`, data: { ...target } }]
}

/** The allocation of a step of `planWhole`, or why it is none. */
export function wantedOf(
  step: Step,
  paths: readonly string[],
): { readonly wanted: Allocation } | { readonly says: string } {
  const parsed = z.record(z.string(), z.int().min(0).max(100)).safeParse(step.data)
  const isOwn =
    parsed.success &&
    Object.keys(parsed.data).length === paths.length &&
    paths.every((path) => Object.hasOwn(parsed.data, path))
  if (!isOwn) return { says: 'the step is not one of this actuator' }
  const isEmpty = Object.values(parsed.data).every((share) => share === 0)
  return isEmpty ? { says: 'nothing would be left to serve' } : { wanted: parsed.data }
}

/** What came of a change by the answer `value`; `unknown` for an answer that is none. */
export function outcomeFrom(value: unknown, who: string): ApplyResult {
  const parsed = outcome.safeParse(value)
  if (!parsed.success) {
    return { result: 'unknown', says: `${who} does not say what came of it` }
  }
  const { result, version, retry, says } = parsed.data
  if (result === 'applied') return { result, ...(version !== undefined && { version }) }
  const told = `${who} says ${result}${says === undefined ? '' : `: ${oneLine(says)}`}`
  return result === 'failed' ? { result, retry, says: told } : { result, says: told }
}

/** One line of what others wrote, bounded. */
function oneLine(text: string): string {
  return redactText(text.replaceAll(/\s+/gu, ' ').trim()).slice(0, 300)
}
