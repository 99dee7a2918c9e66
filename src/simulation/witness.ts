import { serving } from '../core/allocation.ts'
import type { GroupController } from '../app/group/group-controller.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { Violation } from './trace.ts'
import { DrillWitness } from './drill-witness.ts'
import { PagingWitness } from './paging-witness.ts'
import { beatEveryMs, groupOf, type Process, type World } from './world.ts'

/** What `/healthz` grants: so long between evaluations, and so many attempts and calls in one that makes a change. */
const turnWithinMs = 30_000
const changeAttempts = 3
/** Evaluations are at most this far apart, with what they read. */
const turnMs = 2_000
const changeCalls = 8

/** What the controller of one group in one process shows now. */
export interface Shown {
  readonly group: string
  readonly process: Process
  readonly snapshot: ReturnType<GroupController['snapshot']>
}

/** Watches a run second by second, for what the trace alone does not tell. */
export class Witness {
  readonly #own: Violation[] = []
  readonly #world: World
  readonly #paging: PagingWitness
  readonly #drills: DrillWitness
  /** By process and path: since when its controller calls the path up, without a break. */
  readonly #upSince = new Map<string, number>()
  /** By process and path: since when its controller called the path down last. */
  readonly #downSince = new Map<string, number>()
  #leading: readonly Shown[] = []
  #read = 0
  #beatsRead = 0
  /** By process: when its heartbeat was heard last. */
  readonly #beatAt = new Map<number, number>()
  /** Entries since the last look. */
  #fresh: readonly JournalEntry[] = []

  constructor(world: World) {
    this.#world = world
    this.#paging = new PagingWitness(world)
    this.#drills = new DrillWitness(world)
  }

  get violations(): readonly Violation[] {
    return [...this.#own, ...this.#paging.violations, ...this.#drills.violations]
  }

  /** Called once per virtual second. */
  look(): void {
    this.#leading = this.#snapshots()
    const { journal } = this.#world.disk
    this.#fresh = journal.slice(this.#read)
    this.#read = journal.length
    this.#checkFailbacks()
    this.#checkReloads()
    this.#checkExplained()
    this.#checkRescued()
    this.#checkAlive()
    this.#checkBeats()
    this.#paging.look(this.#leading)
    this.#drills.look(this.#leading)
  }

  /** 47: what can be taken back never keeps from leaving a failing path, whatever viewers would notice. */
  #checkRescued(): void {
    for (const { group, snapshot } of this.#leading) {
      const { decision, situation, state } = snapshot
      const { irreversible, leaveAfterMs } = situation.settings
      if (decision.kind !== 'stay' || state !== 'EVALUATE' || irreversible.length > 0) continue
      const guard = decision.whyNot?.guard
      const isKept = guard === 'continuity' || guard === 'capacity'
      if (!isKept && (guard !== 'leave-after' || leaveAfterMs > 0)) continue
      const at = this.#world.clock.now()
      this.#own.push({ invariant: 47, at, says: `${group} is kept on a failing path by ${guard}` })
    }
  }

  /** 37: whatever the moment, a down active path that is not left has a reason. */
  #checkExplained(): void {
    for (const { snapshot } of this.#leading) {
      if (snapshot.decision.kind !== 'stay') continue
      const { decision, situation, busy } = snapshot
      const on = serving(situation.memory.row.allocation ?? {})
      // Down for longer than it takes until the next evaluation.
      const isDown = on.some((name) => {
        const path = situation.paths.get(name)
        return path?.health === 'down' && situation.now - path.since >= turnMs
      })
      const isSaid =
        decision.whyNot !== undefined || busy !== undefined || decision.state !== 'STEADY'
      if (!isDown || isSaid || situation.now - snapshot.lastTurn >= 100) continue
      this.#tell(37, `a down path is not left: ${decision.says}`)
    }
  }

  /** 22, 23: before a failback the preferred path was up, without a break, for as long as it must be. */
  #checkFailbacks(): void {
    const { clock, disk, settings } = this.#world
    for (const entry of this.#fresh) {
      if (entry.kind !== 'intent' || entry.data?.['reason'] !== 'failback') continue
      const group = settings.groups.find((each) => each.name === entry.group)
      if (group === undefined) continue
      const process = String(entry.data['id']).split('-')[0]
      const since = this.#upSince.get(`${process} ${group.name}/${String(entry.data['target'])}`)
      const relapses = disk.rows.get(group.name)?.failback.relapses ?? 0
      const { stableForMs, maxWaitMs } = group.failback
      const waitMs = Math.min(maxWaitMs, stableForMs * 2 ** relapses)
      const upMs = since === undefined ? 0 : clock.now() - since
      // Seen every second, and the intent may be as old.
      if (upMs < waitMs - 3_000) this.#tell(22, `failback after ${upMs} of ${waitMs} ms`)
    }
    for (const { group, process, snapshot } of this.#leading) {
      // What came while a process was suspended it took in when it resumed.
      const wasAway = clock.now() - process.clock.pausedUntil < 2_000
      for (const [name, path] of snapshot.situation.paths) {
        const key = `p${process.id} ${group}/${name}`
        const since = wasAway ? path.since : clock.now()
        if (path.health !== 'up') this.#upSince.delete(key)
        else if (!this.#upSince.has(key)) this.#upSince.set(key, since)
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

  /** 45: the loop that is watched from outside goes round as long as its process lives, whatever hangs. */
  #checkAlive(): void {
    const { clock } = this.#world
    for (const { group, process, snapshot } of this.#leading) {
      if (process.stopping) continue
      const { callTimeoutMs, verify } = groupOf(this.#world, group)
      const awakeMs = clock.now() - Math.max(process.startedAt, process.clock.pausedUntil)
      const silentMs = Math.min(awakeMs, clock.now() - snapshot.lastTurn)
      const changeMs = changeAttempts * (verify.forMs + changeCalls * callTimeoutMs)
      if (silentMs <= turnWithinMs + (snapshot.busy === undefined ? 0 : changeMs)) continue
      this.#tell(45, `${group} was not evaluated for ${silentMs} ms by a process that lives`)
    }
  }

  /** 45: the heartbeat outside is heard as long as the loop turns, and at no other time. */
  #checkBeats(): void {
    const { beats, clock, processes, settings } = this.#world
    const changeMs = Math.max(
      ...settings.groups.map(
        ({ verify, callTimeoutMs }) =>
          changeAttempts * (verify.forMs + changeCalls * callTimeoutMs),
      ),
    )
    for (const { at, process: id } of beats.slice(this.#beatsRead)) {
      this.#beatAt.set(id, at)
      const process = processes[id]
      if (process === undefined || at - process.turnedAt <= turnWithinMs + changeMs) continue
      this.#tell(45, `p${id} said that it lives ${at - process.turnedAt} ms after its loop turned`)
    }
    this.#beatsRead = beats.length
    for (const process of processes) {
      if (process.dead || process.stopping || process.store.crashed || process.clock.isPaused)
        continue
      const heardAt = this.#beatAt.get(process.id) ?? process.startedAt
      const awakeAt = Math.max(heardAt, process.clock.pausedUntil)
      const silentMs = clock.now() - awakeAt
      if (silentMs <= beatEveryMs + turnWithinMs + changeMs) continue
      this.#tell(45, `nobody heard for ${silentMs} ms that p${process.id} lives`)
      this.#beatAt.set(process.id, clock.now())
    }
  }

  /** 46: after thresholds were changed, nobody leaves a path on them before a full `for`. */
  #checkReloads(): void {
    const { reloads, stamps } = this.#world
    for (const { group, process, snapshot } of this.#leading) {
      for (const [name, { health, since }] of snapshot.situation.paths) {
        if (health === 'down') this.#downSince.set(`p${process.id} ${group}/${name}`, since)
      }
    }
    const { journal } = this.#world.disk
    for (const [index, entry] of this.#fresh.entries()) {
      const { id, leaving, reason } = entry.data ?? {}
      if (entry.kind !== 'intent' || reason !== 'failover' || !Array.isArray(leaving)) continue
      const reload = reloads.at(-1)
      const at = stamps[journal.length - this.#fresh.length + index] ?? 0
      if (reload === undefined || at <= reload.at || at - reload.at >= reload.forMs) continue
      const process = String(id).split('-')[0]
      for (const path of leaving) {
        const since = this.#downSince.get(`${process} ${entry.group}/${path}`) ?? at
        if (since <= reload.at) continue
        this.#tell(46, `left ${path} ${at - reload.at} ms after thresholds were changed`)
      }
    }
  }

  #tell(invariant: number, says: string): void {
    this.#own.push({ invariant, at: this.#world.clock.now(), says })
  }
}
