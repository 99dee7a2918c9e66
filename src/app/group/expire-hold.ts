import type { ChangeDeps } from './change-deps.ts'
import { without } from './group-record.ts'

/** Ends a hold whose time is up; true where one ended, and the world is to be read back. */
export async function expireHold({ clock, record, settings }: ChangeDeps): Promise<boolean> {
  const { row, holdUntil } = record.memory
  if (row.hold === undefined || holdUntil === undefined || clock.now() < holdUntil) return false
  const says = `the hold of ${row.hold.owner} expired: ${row.hold.reason}`
  await record.save(
    (current) => ({ ...without(current, 'hold'), state: 'OBSERVE' }),
    [{ kind: 'release', group: settings.name, actor: 'expiry', says }],
  )
  return true
}
