import { heaviest, serving, type Allocation } from '../../core/allocation.ts'
import type { PathHealth } from '../../core/health.ts'
import { shortfallOf } from './capacity.ts'
import { differencesBetween } from './continuation.ts'
import { leftAsDown } from './memory.ts'
import { isSuppressed } from './penalty.ts'
import type { Situation } from './situation.ts'

/** Serving paths of the applied allocation that are down by quorum. */
export function downServing(situation: Situation, allocation: Allocation): string[] {
  return serving(allocation).filter((name) => situation.paths.get(name)?.health === 'down')
}

/** A path that may be moved to, or why it may not. */
export interface Candidate {
  readonly name: string
  readonly eligible: boolean
  /** Degraded, and refused only because another is up: what weights may still be shared with. */
  readonly isBlurry: boolean
  readonly says: string
}

/**
 * All paths other than those that are left, best first: up before degraded, one that shows the
 * programme to everybody before one that does not (a slate, another key, other codecs), steady before
 * one that went down too often lately (invariant 25), already serving before idle, able to carry the
 * demand (as far as that is declared or was measured) before not, one that goes on where the failing path was before
 * one that jumps, because a jump is over at once and want of capacity is not, another failure domain
 * than the failing path before the same, then configured order. Degraded counts only if nothing is up. Contested, unknown and down are never eligible
 * (invariant 9), nor is a path left as down within this holddown (invariant 21), nor one whose
 * pre-check just failed.
 */
export function candidates(situation: Situation, leaving: readonly string[]): Candidate[] {
  const { memory, settings, now } = situation
  const returned = leftAsDown(memory, settings, now)
  const others = settings.paths.filter((path) => !leaving.includes(path.name))
  const judged = others.map((path) => {
    const health = situation.paths.get(path.name)
    const refusal = refuse(situation, path.name, health, returned)
    return { name: path.name, health: health?.health ?? 'unknown', refusal, domain: path.domain }
  })
  const isUp = judged.some((path) => path.refusal === undefined && path.health === 'up')
  const lost = new Set(
    settings.paths.filter((path) => leaving.includes(path.name)).map((path) => path.domain),
  )
  const applied = memory.row.allocation ?? {}
  const on = new Set(serving(applied))
  const isFlapping = (name: string) => isSuppressed(memory.penalties.get(name), settings.flaps, now)
  const left = heaviest(Object.fromEntries(leaving.map((name) => [name, applied[name] ?? 0])))
  const noticed = new Map(
    judged.map(({ name, refusal }) => [
      name,
      refusal === undefined ? differencesBetween(situation, left, name) : [],
    ]),
  )
  const rank = (path: (typeof judged)[number]) =>
    (path.health === 'up' ? 0 : 64) +
    (noticed.get(path.name)?.some(({ isGrave }) => isGrave) === true ? 32 : 0) +
    (isFlapping(path.name) ? 16 : 0) +
    (on.has(path.name) ? 0 : 8) +
    (shortfallOf(situation, path.name, 100) === undefined ? 0 : 4) +
    ((noticed.get(path.name)?.length ?? 0) > 0 ? 2 : 0) +
    (path.domain !== undefined && lost.has(path.domain) ? 1 : 0)
  return judged
    .map((path, order) => ({ path, order }))
    .sort((a, b) => rank(a.path) - rank(b.path) || a.order - b.order)
    .map(({ path }) => {
      const blurry = path.refusal === undefined && path.health === 'degraded' && isUp
      const refusal = blurry ? `${path.name} is degraded while another is up` : path.refusal
      return {
        name: path.name,
        eligible: refusal === undefined,
        isBlurry: blurry,
        says:
          refusal ??
          [
            `${path.name} is ${path.health}`,
            ...(isFlapping(path.name) ? ['though it went down too often lately'] : []),
            ...butSmall(situation, path.name),
            ...(noticed.get(path.name) ?? []).map((each) => `though ${each.says}`),
          ].join(', '),
      }
    })
}

/** The paths other than those that are left that may be given traffic at all, in configured order. */
export function takers(situation: Situation, leaving: readonly string[]): string[] {
  const returned = leftAsDown(situation.memory, situation.settings, situation.now)
  const mayTake = (name: string) =>
    refuse(situation, name, situation.paths.get(name), returned) === undefined
  return situation.settings.paths
    .map(({ name }) => name)
    .filter((name) => !leaving.includes(name) && mayTake(name))
}

function butSmall(situation: Situation, name: string): string[] {
  const short = shortfallOf(situation, name, 100)
  return short === undefined ? [] : [`though ${short}`]
}

function refuse(
  situation: Situation,
  name: string,
  health: PathHealth | undefined,
  returned: ReadonlySet<string>,
): string | undefined {
  if (health === undefined || health.health === 'unknown') return `${name} is unknown`
  if (health.health === 'down') return `${name} is down`
  if (health.health === 'contested') return `${name} is contested`
  if (returned.has(name)) return `${name} was left as down within this holddown`
  const rejected = situation.memory.rejected.get(name)
  if (rejected !== undefined && situation.now < rejected.until) {
    return `${name} failed its pre-check: ${rejected.says}`
  }
  return undefined
}
