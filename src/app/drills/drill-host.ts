import type { Clock, Ids, Random } from '../../core/clock.ts'
import type { Command, CommandResult } from '../../core/command.ts'
import type { IncidentView } from '../../core/view.ts'
import type { Log } from '../../core/log.ts'
import type { Settings } from '../../core/settings.ts'
import type { RuleSet } from '../../engine/rules/rule-set.ts'
import type { Net } from '../../plugin/net.ts'
import type { Processes } from '../../plugin/processes.ts'
import type { Store } from '../../plugin/store.ts'
import type { Verified } from '../group/change-deps.ts'
import type { GroupSnapshot } from '../group/controller-deps.ts'
import type { Plugins } from '../plugin-binding.ts'
import type { DrillArchive } from './archive.ts'
import type { Schedules } from '../../plugin/schedules.ts'

/** What drills need of the watchdog that they rehearse. */
export interface DrillHost {
  readonly clock: Clock
  readonly ids: Ids
  readonly random: Random
  readonly net: Net
  readonly processes?: Processes | undefined
  readonly log: Log
  readonly store: Store
  readonly plugins: Plugins
  readonly version: string
  /** Identity of this process. */
  readonly owner: string
  /** Absent: nothing runs by itself. */
  readonly schedules?: Schedules
  /** Absent: reports are not kept. */
  readonly archive?: DrillArchive
  settings(): Settings
  rules(): RuleSet
  snapshot(group: string): GroupSnapshot | undefined
  /** The term for which this process leads a group; `undefined` while it does not. */
  termOf(group: string): number | undefined
  command(command: Command): Promise<CommandResult>
  incidents(): readonly IncidentView[]
  look(group: string, path: string, signal: AbortSignal): Promise<Verified>
  onChange(): void
}
