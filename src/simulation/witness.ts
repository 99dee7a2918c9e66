import { serving } from '../core/allocation.ts'
import type { GroupController } from '../app/group/group-controller.ts'
import type { Violation } from './trace.ts'
import { isBadSight } from './vantages.ts'
import type { Process, World } from './world.ts'

/** Detection (15 s), a look (5 s), page_after (30 s), and a change that may be tried meanwhile. */
const pageWithinMs = 80_000

interface Shown {
  readonly group: string
  readonly process: Process
  readonly snapshot: ReturnType<GroupController['snapshot']>
}

/** Watches a run second by second, for what the trace alone does not tell. */
export class Witness {
  readonly violations: Violation[] = []
  readonly #world: World
  /** By path: since when it serves, is bad for everybody, and somebody could page. */
  readonly #badSince = new Map<string, number>()
  readonly #openKeys = new Set<string>()
  /** By process and path: since when its controller calls the path up, without a break. */
  readonly #upSince = new Map<string, number>()
  #leading: readonly Shown[] = []
  #read = 0
  #heard = 0
  #watchers = ''

  constructor(world: World) {
    this.#world = world
  }

  look(): void {
    this.#leading = this.#snapshots()
    this.#hear()
    this.#checkFailbacks()
    this.#checkExplained()
    this.#checkPaged()
  }

  /** 37: whatever the moment, a down active path that is not left has a reason. */
  #checkExplained(): void {
    for (const { group, snapshot } of this.#leading) {
      if (snapshot.decision.kind !== 'stay') continue
      const { decision, situation, busy } = snapshot
      const on = serving(situation.memory.row.allocation ?? {})
      const isDown = on.some((path) => situation.paths.get(path)?.health === 'down')
      const isSaid =
        decision.whyNot !== undefined || busy !== undefined || decision.state !== 'STEADY'
      if (!isDown || isSaid || situation.now - snapshot.lastTurn >= 100) continue
      this.#tell(37, `a down path is not left: ${decision.says}`)
    }
  }

  /** 22, 23: before a failback the preferred path was up, without a break, for as long as it must be. */
  #checkFailbacks(): void {
    const { clock, disk, settings } = this.#world
    for (const entry of disk.journal.slice(this.#read)) {
      if (entry.kind !== 'intent' || entry.data?.['reason'] !== 'failback') continue
      const group = settings.groups.find((each) => each.name === entry.group)
      if (group === undefined) continue
      const process = String(entry.data['id']).split('-')[0]
      const since = this.#upSince.get(`${process} ${group.name}/${group.paths[0]?.name}`)
      const relapses = disk.rows.get(group.name)?.failback.relapses ?? 0
      const { stableForMs, maxWaitMs } = group.failback
      const waitMs = Math.min(maxWaitMs, stableForMs * 2 ** relapses)
      const upMs = since === undefined ? 0 : clock.now() - since
      // Seen every second, and the intent may be as old.
      if (upMs < waitMs - 3_000) this.#tell(22, `failback after ${upMs} of ${waitMs} ms`)
    }
    this.#read = disk.journal.length
    for (const { group, process, snapshot } of this.#leading) {
      for (const [name, path] of snapshot.situation.paths) {
        const key = `p${process.id} ${group}/${name}`
        if (path.health !== 'up') this.#upSince.delete(key)
        else if (!this.#upSince.has(key)) this.#upSince.set(key, clock.now())
      }
    }
  }

  /** What every living controller shows of its group now. */
  #snapshots(): Shown[] {
    return this.#world.processes
      .filter(({ clock, dead, store }) => !dead && !store.crashed && !clock.isPaused)
      .flatMap((process) =>
        this.#world.settings.groups.flatMap(({ name: group }) => {
          const snapshot = process.watchdog.controller(group)?.snapshot()
          return snapshot === undefined ? [] : [{ group, process, snapshot }]
        }),
      )
  }

  #hear(): void {
    const { notices } = this.#world
    for (const { notice } of notices.slice(this.#heard)) {
      if (notice.action === 'trigger') this.#openKeys.add(notice.key)
      if (notice.action === 'resolve') this.#openKeys.delete(notice.key)
    }
    this.#heard = notices.length
  }

  /** 43: an active path that is down for everybody is told to people, whatever the store and the targets do. */
  #checkPaged(): void {
    const { clock, disk, processes, notifierDown, settings } = this.#world
    const living = processes.filter((process) => !process.dead)
    const isWatched =
      !notifierDown && living.length > 0 && living.every((each) => !each.clock.isPaused)
    const watchers = isWatched ? living.map((each) => each.id).join() : ''
    if (watchers !== this.#watchers || watchers === '') this.#badSince.clear()
    this.#watchers = watchers
    if (watchers === '') return
    for (const group of settings.groups) {
      const on = serving(disk.rows.get(group.name)?.allocation ?? {})
      for (const { name } of group.paths) {
        const full = `${group.name}/${name}`
        if (!on.includes(name) || !this.#isBadForAll(group.name, name)) {
          this.#badSince.delete(full)
          continue
        }
        const since = this.#badSince.get(full) ?? clock.now()
        this.#badSince.set(full, since)
        if (clock.now() - since < pageWithinMs || this.#isPaged(group.name)) continue
        this.#tell(43, `${full} serves, is bad since ${since} ms, and nobody was told`)
        this.#badSince.set(full, Number.POSITIVE_INFINITY)
      }
    }
  }

  #isBadForAll(group: string, path: string): boolean {
    const { isCut, settings, sight } = this.#world
    return settings.vantages.every(
      ({ name }) => !isCut(name) && isBadSight(sight(path, name, group)),
    )
  }

  #isPaged(group: string): boolean {
    return [...this.#openKeys].some(
      (key) => key.startsWith(`${group}/`) || key.startsWith(`${group}#`),
    )
  }

  #tell(invariant: number, says: string): void {
    this.violations.push({ invariant, at: this.#world.clock.now(), says })
  }
}
