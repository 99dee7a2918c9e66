import { heaviest, raisedPaths, serving } from '../../core/allocation.ts'
import type { DrillPlan } from '../../core/drill-plan.ts'
import type { DrillCheck, DrillMoment, DrillReport, LoadResult } from '../../core/drill-report.ts'
import { formatDuration } from '../../core/duration.ts'
import type { JournalEntry } from '../../core/journal.ts'
import { weighDrill } from '../../engine/group/drill.ts'
import { blockedBy, openIncident } from './blocked-by.ts'
import { blame, moments, noFacts, withEntry, type Cause, type DrillFacts } from './drill-facts.ts'
import type { DrillHost } from './drill-host.ts'
import { beginFault, endFault, type FaultSubject } from './fault-hook.ts'
import { publicLooksOf } from './drill-probes.ts'
import { judgeMoves, timesOf, type Measured, type Verdict } from './judge.ts'
import { pullStandby } from './load-drill.ts'
import { measuredOf } from './measured.ts'
import type { PublicLooks } from './public-looks.ts'
import { ReachNotes } from './reach-notes.ts'
import { adviceChecks, readinessChecks } from './ready.ts'

/** Who asked for a drill, and why. */
export interface DrillOrder {
  readonly id: string
  readonly plan: DrillPlan
  readonly actor: string
  readonly reason: string
}

/** How often a running drill looks at what could end it. Milliseconds. */
const tickMs = 250
/** After its maximum a drill is judged, whether the traffic is back or not. */
const graceMs = 5_000
const mostEntries = 400

/** One drill, from what was there before it until its report. It watches; the engine moves and returns the traffic. */
export class DrillRun {
  readonly order: DrillOrder
  readonly startedAt: number
  readonly #host: DrillHost
  readonly #began: number
  readonly #entries: JournalEntry[] = []
  readonly #timeline: DrillMoment[] = []
  readonly #ended = new AbortController()
  #facts: DrillFacts = noFacts
  #checks: readonly DrillCheck[] = []
  #looks: PublicLooks | undefined
  #load: LoadResult | undefined
  readonly #reach = new ReachNotes()
  #standby: string | undefined
  #away: string | undefined
  #says = 'looks at what is there'
  #downAt: number | undefined
  #brokenAt: number | undefined
  #dueAt: number | undefined
  #isMoving = false

  constructor(host: DrillHost, order: DrillOrder) {
    this.#host = host
    this.order = order
    this.startedAt = host.clock.wall()
    this.#began = host.clock.now()
  }

  /** What it does now, in words. */
  get says(): string {
    return this.#says
  }

  /** What it did so far, oldest first. */
  get steps(): readonly DrillMoment[] {
    return this.#timeline
  }

  get isMoving(): boolean {
    return this.#isMoving
  }

  /** Hears of everything that the journal of the installation gets. */
  entry(entry: JournalEntry): void {
    const { id, plan } = this.order
    if (entry.group !== plan.group) return
    if (this.#entries.length < mostEntries) this.#entries.push(entry)
    if (!this.#isMoving || (plan.kind !== 'switch' && plan.kind !== 'fault')) return
    const before = this.#facts
    const subject = { id, kind: plan.kind, away: this.#away ?? '' }
    this.#facts = withEntry(before, subject, entry, this.#host.clock.now())
    if (entry.kind === 'effective') this.#reach.done(entry.data)
    if (moments.includes(entry.kind)) this.#note(entry.kind, entry.says)
    if (entry.kind === 'drill' && entry.data?.['event'] === 'over') this.#note('over', entry.says)
  }

  /** A person ends it before its time. */
  abort(actor: string, reason: string): void {
    this.#blame('ABORTED', `ended by ${actor}: ${reason}`)
    this.#ended.abort()
  }

  /** Runs to its end and tells what came of it; `undefined` where `signal` came first: the next process judges it. */
  async run(signal: AbortSignal): Promise<Omit<DrillReport, 'trend'> | undefined> {
    const stop = new AbortController()
    const end = () => stop.abort()
    signal.addEventListener('abort', end, { once: true })
    this.#ended.signal.addEventListener('abort', end, { once: true })
    if (signal.aborted || this.#ended.signal.aborted) end()
    const verdict = await this.#rehearse(stop.signal, signal)
    signal.removeEventListener('abort', end)
    if (signal.aborted) return undefined
    return this.#report(verdict)
  }

  async #rehearse(either: AbortSignal, stopped: AbortSignal): Promise<Verdict> {
    const { plan } = this.order
    const blocked = blockedBy(this.#host, this.order.plan)
    if (blocked !== undefined) return { outcome: 'SKIPPED', says: blocked }
    const situation = this.#host.snapshot(plan.group)?.situation
    if (situation === undefined) return { outcome: 'SKIPPED', says: 'the group is not watched' }
    if (situation.lease === undefined) {
      return { outcome: 'SKIPPED', says: 'another process leads this group' }
    }
    this.#away = plan.away ?? heaviest(situation.memory.row.allocation ?? {})
    if (plan.kind === 'observe') return await this.#observe(either)
    if (plan.kind === 'advise') return this.#advise()
    if (plan.kind === 'load') return await this.#pull(either)
    return await this.#move(either, stopped)
  }

  async #observe(signal: AbortSignal): Promise<Verdict> {
    const { group } = this.order.plan
    const before = this.#host.snapshot(group)?.situation
    if (before === undefined) return { outcome: 'SKIPPED', says: 'the group is not watched' }
    const looks = new Map(
      await Promise.all(
        before.settings.paths.map(
          async ({ name }) => [name, await this.#host.look(group, name, signal)] as const,
        ),
      ),
    )
    const now = this.#host.snapshot(group)?.situation ?? before
    this.#checks = readinessChecks(now, looks)
    return this.#judgeChecks('everything is ready for a failover')
  }

  #advise(): Verdict {
    const situation = this.#host.snapshot(this.order.plan.group)?.situation
    if (situation?.memory.readBack !== true) {
      return { outcome: 'SKIPPED', says: 'what the actuators serve was not read back yet' }
    }
    this.#checks = adviceChecks(situation, this.order.plan)
    return this.#judgeChecks('every piece of injected evidence was decided rightly')
  }

  #judgeChecks(says: string): Verdict {
    for (const check of this.#checks)
      this.#note(check.ok ? 'check' : 'check failed', `${check.name}: ${check.says}`)
    const [cause] = this.#facts.causes
    if (cause !== undefined) return cause
    const bad = this.#checks.filter(({ ok }) => !ok)
    if (bad.length === 0) return { outcome: 'PASSED', says }
    return { outcome: 'FAILED', says: bad.map((each) => `${each.name}: ${each.says}`).join('; ') }
  }

  async #pull(signal: AbortSignal): Promise<Verdict> {
    const situation = this.#host.snapshot(this.order.plan.group)?.situation
    if (situation === undefined) return { outcome: 'SKIPPED', says: 'the group is not watched' }
    const { load, verdict } = await pullStandby(
      {
        host: this.#host,
        order: this.order,
        situation,
        ends: () => {
          const blocked = blockedBy(this.#host, this.order.plan)
          if (blocked !== undefined) this.#blame('ABORTED', blocked)
          return this.#facts.causes[0]
        },
        onPath: (path) => {
          this.#away = path
          this.#says = `viewers pull ${path}`
          this.#note('load', this.#says)
        },
      },
      signal,
    )
    this.#load = load
    return verdict
  }

  async #move(either: AbortSignal, stopped: AbortSignal): Promise<Verdict> {
    const { clock, owner } = this.#host
    const { actor, id, plan, reason } = this.order
    if (plan.kind !== 'switch' && plan.kind !== 'fault') return { outcome: 'SKIPPED', says: '' }
    const situation = this.#host.snapshot(plan.group)?.situation
    if (situation === undefined) return { outcome: 'SKIPPED', says: 'the group is not watched' }
    const request = { ...plan, id, plan: plan.name, kind: plan.kind }
    const outlook = weighDrill(situation, { actor, owner }, request)
    if (outlook.kind === 'not-ready') return { outcome: 'SKIPPED', says: outlook.says }
    this.#checks = outlook.guards.map(({ guard, pass, says }) => ({ name: guard, ok: pass, says }))
    this.#standby = raisedPaths(outlook.proposal.from, outlook.proposal.to)[0]
    this.#looks = publicLooksOf(this.#host, situation.settings)
    this.#looks?.start()
    const subject: FaultSubject = {
      drill: id,
      plan: plan.name,
      group: plan.group,
      path: this.#away ?? '',
      forMs: plan.maxMs,
    }
    this.#isMoving = true
    this.#dueAt = clock.now() + plan.stayMs
    let fault: string | undefined
    let isBroken = false
    try {
      this.#says = plan.kind === 'switch' ? `moves to ${this.#standby}` : `breaks ${this.#away}`
      const { stayMs, maxMs, away } = plan
      const answer = await this.#host.command({
        kind: 'drill',
        group: plan.group,
        actor,
        reason,
        drill: {
          id,
          plan: plan.name,
          kind: plan.kind,
          stayMs,
          maxMs,
          ...(away !== undefined && { away }),
        },
      })
      if (!answer.ok && (answer.code !== 'conflict' || this.#facts.out === undefined)) {
        return (
          this.#facts.causes[0] ?? {
            outcome: answer.code === 'conflict' ? 'FAILED' : 'SKIPPED',
            says: answer.says,
          }
        )
      }
      if (plan.kind === 'fault' && plan.fault !== undefined) {
        isBroken = true
        const broken = await beginFault(this.#host.net, plan.fault, subject)
        if (broken.ok) {
          fault = broken.id
          this.#brokenAt = clock.now()
          this.#note('fault', `${this.#away} is broken`)
        } else this.#blame('FAILED', broken.says)
      }
      await this.#untilOver(
        either,
        async () => {
          if (!isBroken || plan.fault === undefined) return
          // Found and verified, or over: the old path needs time to earn its health again.
          if (this.#facts.out?.verifiedAt === undefined && this.#facts.causes.length === 0) return
          const healed = await endFault(this.#host.net, plan.fault, subject, fault)
          isBroken = !healed.ok
          this.#note('fault', healed.ok ? `${this.#away} is healed` : healed.says)
        },
        stopped,
      )
    } finally {
      if (isBroken && plan.fault !== undefined) {
        await endFault(this.#host.net, plan.fault, subject, fault)
      }
      await this.#looks?.stop()
    }
    const times = timesOf(this.#measured(), plan.objectives)
    return judgeMoves(this.#facts, plan.kind, times)
  }

  /** Watches until the drill holds no traffic any more and what it did is verified, or its maximum passed. */
  async #untilOver(
    either: AbortSignal,
    onTick: () => Promise<void>,
    stopped: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#host
    const { plan } = this.order
    const deadline = this.#began + plan.maxMs + graceMs
    let isAsked = false
    for (;;) {
      if (stopped.aborted || this.#isOver() || clock.now() >= deadline) break
      this.#watch()
      await onTick()
      if (this.#facts.causes.length > 0 && !isAsked) {
        isAsked = true
        await this.#askBack(this.#facts.causes[0]?.says ?? '')
      }
      await clock.sleep(tickMs, isAsked ? stopped : either)
    }
    if (!this.#isOver() && !stopped.aborted && !isAsked) await this.#askBack('its maximum passed')
  }

  #isOver(): boolean {
    const { back, causes, out, overAt } = this.#facts
    const row = this.#host.snapshot(this.order.plan.group)?.situation.memory.row
    const isHeld = row?.drill?.id === this.order.id || row?.intent?.drill?.id === this.order.id
    if (overAt === undefined) return !isHeld && out === undefined && causes.length > 0
    return !isHeld && (causes.length > 0 || back === undefined || back.verifiedAt !== undefined)
  }

  async #askBack(reason: string): Promise<void> {
    const { id, plan } = this.order
    const row = this.#host.snapshot(plan.group)?.situation.memory.row
    if (row?.drill?.id !== id || row.drill.ends !== undefined) return
    this.#dueAt = Math.min(this.#dueAt ?? Infinity, this.#host.clock.now())
    const actor = 'changeover'
    await this.#host.command({ kind: 'end-drill', group: plan.group, actor, reason, drill: id })
  }

  /** What ends a drill that the journal does not tell of: the standby, the viewers, other alerts, the mode, leadership. */
  #watch(): void {
    const { plan } = this.order
    const situation = this.#host.snapshot(plan.group)?.situation
    if (situation === undefined)
      return this.#blame('INTERRUPTED', 'the group is configured no longer')
    if (situation.lease === undefined && situation.store.ok) {
      return this.#blame('INTERRUPTED', 'another process leads the group')
    }
    this.#reach.note(situation.effect)
    const broken = situation.paths.get(this.#away ?? '')
    if (broken?.health === 'down') this.#downAt ??= broken.since
    const { back, out } = this.#facts
    this.#says =
      back !== undefined
        ? `returns to ${back.target}`
        : out?.appliedAt !== undefined
          ? `${out.target} serves, back in ${formatDuration(Math.max(0, Math.ceil(((this.#dueAt ?? 0) - situation.now) / 1_000) * 1_000))}`
          : this.#says
    if (situation.mode !== 'armed') return this.#blame('ABORTED', `mode is ${situation.mode}`)
    if (out?.appliedAt === undefined || back !== undefined) return undefined
    for (const name of serving(situation.memory.row.drill?.to ?? {})) {
      const path = situation.paths.get(name)
      const health = path?.health ?? 'unknown'
      const isBad = health === 'unknown' || plan.abortIf.standby.some((each) => each === health)
      if (isBad) return this.#blame('ABORTED', `${name} is ${health}: ${path?.says ?? 'no report'}`)
    }
    const gapMs = this.#looks?.gapMs()
    if (plan.abortIf.gapMs !== undefined && gapMs !== undefined && gapMs > plan.abortIf.gapMs) {
      return this.#blame(
        'ABORTED',
        `the public name showed nothing good for ${formatDuration(Math.round(gapMs))}`,
      )
    }
    const blocked = plan.kind === 'switch' ? openIncident(this.#host, plan) : undefined
    return blocked === undefined ? undefined : this.#blame('ABORTED', blocked)
  }

  #blame(outcome: Cause['outcome'], says: string): void {
    if (this.#facts.causes.length === 0) this.#note(outcome.toLowerCase(), says)
    this.#facts = blame(this.#facts, outcome, says)
  }

  #note(what: string, says: string): void {
    this.#timeline.push({ atMs: Math.round(this.#host.clock.now() - this.#began), what, says })
    this.#host.onChange()
  }

  #measured(): Measured {
    const { group, kind } = this.order.plan
    const readings = this.#host.snapshot(group)?.readings ?? []
    return measuredOf(this.#facts, {
      isFault: kind === 'fault',
      began: this.#began,
      brokenAt: this.#brokenAt,
      downAt: this.#downAt,
      dueAt: this.#dueAt,
      settleMs: Math.max(0, ...readings.map((each) => each.settleMs)),
      gapMs: this.#looks === undefined ? 'no-name' : this.#looks.gapMs(),
    })
  }

  #report({ outcome, says }: Verdict): Omit<DrillReport, 'trend'> {
    const { actor, id, plan, reason } = this.order
    const isMove = plan.kind === 'switch' || plan.kind === 'fault'
    const hasMoved = isMove && outcome !== 'SKIPPED'
    const reach = this.#reach.list(this.#facts)
    return {
      id,
      plan: plan.name,
      group: plan.group,
      kind: plan.kind,
      outcome,
      says,
      actor,
      reason,
      startedAt: this.startedAt,
      endedAt: this.startedAt + Math.round(this.#host.clock.now() - this.#began),
      version: this.#host.version,
      mode: this.#host.settings().mode,
      ...(this.#away !== undefined && { away: this.#away }),
      ...(this.#standby !== undefined && { standby: this.#facts.out?.target ?? this.#standby }),
      checks: this.#checks,
      times: hasMoved ? timesOf(this.#measured(), plan.objectives) : [],
      timeline: this.#timeline,
      looks: this.#looks?.looks ?? [],
      ...(this.#load !== undefined && { load: this.#load }),
      ...(reach.length > 0 && { reach }),
      journal: this.#entries,
    }
  }
}
