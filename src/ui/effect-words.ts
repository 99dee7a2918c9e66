import type { ChangeView, EffectView } from '../core/view.ts'
import { describeBehind } from '../engine/group/effect.ts'
import { span, timeOfDay } from './times.ts'

/** Of a change that is not in effect everywhere: since when it is applied, and who says the old or may. */
export function effectInWords({ appliedAt, behind, serversAt, settleMs }: EffectView): string {
  const applied = `applied ${timeOfDay(appliedAt)}`
  if (behind.length > 0) {
    return `${applied}, not in effect everywhere yet: ${describeBehind(behind)}`
  }
  const all = serversAt === undefined ? '' : `, every server has it since ${timeOfDay(serversAt)}`
  const until = timeOfDay((serversAt ?? appliedAt) + settleMs)
  return `${applied}${all}; caches may keep the old until ${until}`
}

/** The same in the few words that fit a lane. */
export function effectInShort({ behind }: EffectView): string {
  return behind.length > 0 ? 'partly in effect' : 'caches may keep the old'
}

/**
 * When an applied change was in effect: seen, being followed, or only declared. `declaredMs` is what
 * the actuators declare now; it is given for the newest change alone.
 */
export function inEffectInWords(change: ChangeView, declaredMs: number | undefined): string {
  const { appliedAt, effect, effective } = change
  if (effect !== undefined) return effectInWords(effect)
  const applied = `applied ${timeOfDay(appliedAt)}`
  if (effective === undefined) {
    if (declaredMs === undefined) return applied
    const by = declaredMs === 0 ? 'at once' : `by ${timeOfDay(appliedAt + declaredMs)}`
    return `${applied}, in effect ${by} as the actuators declare; not measured`
  }
  const { asked, at, isAtMost, late, ms } = effective
  const when = isAtMost === true ? `by ${timeOfDay(at)} at the latest` : timeOfDay(at)
  const after = ms === undefined ? '' : `, ${span(ms)} later`
  const all =
    asked === 0
      ? ''
      : `, seen at ${asked === 1 ? 'the one that was' : `all ${asked} that were`} asked`
  const slow = late.length === 0 ? '' : `; late: ${late.join(', ')}`
  return `${applied}, in effect ${when}${after}${all}${slow}`
}
