import type { ScheduleAction } from '@aws-sdk/client-medialive'

/** An input switch that this program put into a schedule. */
export interface OwnSwitch {
  readonly attachment: string
  /** Milliseconds since it was asked for; negative where the clock that asked is ahead of ours. */
  readonly ageMs: number
}

const namePattern = /^changeover-(\d{13})-/u

/**
 * The name of an action that is asked for at `wall` (milliseconds since the epoch). It bears the time
 * because the schedule does not keep that of an immediate action in a documented way, and a process
 * that comes after this one must tell a switch under way from one that is long over.
 */
export function switchName(wall: number, id: string): string {
  return `changeover-${Math.trunc(wall)}-${id}`
}

/** The newest switch of ours in a schedule, as of `wall`; `undefined` where none is. */
export function newestSwitch(
  actions: readonly ScheduleAction[],
  wall: number,
): OwnSwitch | undefined {
  let newest: OwnSwitch | undefined
  for (const { ActionName, ScheduleActionSettings } of actions) {
    const at = namePattern.exec(ActionName ?? '')?.[1]
    const attachment = ScheduleActionSettings?.InputSwitchSettings?.InputAttachmentNameReference
    if (at === undefined || attachment === undefined) continue
    const ageMs = wall - Number(at)
    if (newest === undefined || ageMs < newest.ageMs) newest = { attachment, ageMs }
  }
  return newest
}
