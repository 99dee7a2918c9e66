import type { CommandResult } from '../../core/command.ts'
import type { Condition } from '../../core/condition.ts'
import type { DrillPlan } from '../../core/drill-plan.ts'
import { summaryOf, type DrillReport, type DrillSummary } from '../../core/drill-report.ts'
import type { JournalEntry } from '../../core/journal.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { DrillOutlookView, DrillsView, GroupDrillView } from '../../core/view.ts'
import { DrillHistory } from './drill-history.ts'
import { judge, type Judged } from './judgement.ts'
import type { DrillHost } from './drill-host.ts'
import { DrillRun, type DrillOrder } from './drill-run.ts'
import { Orphans } from './orphans.ts'
import { outlookOf } from './outlook.ts'
import { overdueConditions } from './overdue.ts'
import type { Schedule } from '../../plugin/schedules.ts'

const tickMs = 1_000
/** Earlier drills that a report shows. */
const trendLength = 20
const mostSteps = 12

/**
 * The drills of a watchdog: by the calendar and on demand, one at a time. What is rehearsed is the
 * watchdog itself, so that nothing here moves traffic: the group's controller does.
 */
export class Drills {
  readonly #host: DrillHost
  readonly #orphans: Orphans
  readonly #history: DrillHistory
  readonly #schedules = new Map<string, { readonly plan: DrillPlan; readonly schedule: Schedule }>()
  readonly #stop = new AbortController()
  #running: DrillRun | undefined
  /** Outcomes that the store did not take yet. */
  #unwritten: readonly DrillSummary[] = []
  #startedAt = 0
  #loop: Promise<void> = Promise.resolve()
  #current: Promise<void> = Promise.resolve()

  constructor(host: DrillHost) {
    this.#host = host
    this.#history = new DrillHistory(host.store, host.clock)
    this.#orphans = new Orphans(host, (summary) => this.#conclude(summary))
  }

  start(): void {
    this.#startedAt = this.#host.clock.wall()
    this.configure()
    this.#loop = this.#keep()
  }

  /** Takes the plans of the configuration in force. */
  configure(): void {
    const { schedules } = this.#host
    const plans = this.#host.settings().drills
    for (const [name, { plan, schedule }] of this.#schedules) {
      if (plans.some((each) => JSON.stringify(each) === JSON.stringify(plan))) continue
      schedule.stop()
      this.#schedules.delete(name)
    }
    if (schedules === undefined) return
    for (const plan of plans) {
      const { cron, name, timeZone } = plan
      if (cron === undefined || this.#schedules.has(name)) continue
      const schedule = schedules.start({
        cron,
        timeZone,
        run: async () => {
          if (!this.#isElsewhere(plan)) await this.run(name, 'schedule', 'by the calendar')
        },
        onMissed: (at) => {
          if (this.#isElsewhere(plan)) return
          this.#skip(plan, `it was due at ${iso(at)} and is not run late`)
        },
      })
      this.#schedules.set(name, { plan, schedule })
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    for (const { schedule } of this.#schedules.values()) schedule.stop()
    await Promise.all([this.#loop, this.#current])
  }

  /** Hears of everything that this process writes into the journal. */
  entry(entry: JournalEntry): void {
    this.#running?.entry(entry)
  }

  /** Begins a drill and answers at once, with its id in the sentence; its report tells what came of it. */
  async run(
    name: string,
    actor: string,
    reason: string,
  ): Promise<CommandResult & { readonly id?: string }> {
    const plan = this.#host.settings().drills.find((each) => each.name === name)
    if (plan === undefined) {
      const known = this.#host.settings().drills.map((each) => each.name)
      const todo =
        known.length === 0
          ? 'None is configured: see docs/drills.md.'
          : `Drills: ${known.join(', ')}.`
      return { ok: false, code: 'not-found', says: `there is no drill ${name}`, todo }
    }
    if (this.#stop.signal.aborted) {
      return {
        ok: false,
        code: 'unavailable',
        says: 'Changeover is being stopped',
        todo: 'Try again later.',
      }
    }
    if (this.#running !== undefined) {
      const says = `drill ${this.#running.order.plan.name} is under way`
      if (actor === 'schedule') this.#skip(plan, says)
      return { ok: false, code: 'refused', says, todo: 'One drill at a time: wait for its end.' }
    }
    const order: DrillOrder = { id: this.#host.ids.next(), plan, actor, reason }
    const run = new DrillRun(this.#host, order)
    this.#running = run
    this.#current = this.#carryOut(run)
    this.#host.onChange()
    return { ok: true, says: `drill ${name} began: ${order.id}`, id: order.id }
  }

  /** What a drill would do if it began now, and what would keep it; `undefined` where there is no such drill. */
  outlook(name: string, actor: string): DrillOutlookView | undefined {
    const plan = this.#host.settings().drills.find((each) => each.name === name)
    if (plan === undefined) return undefined
    const outlook = outlookOf(this.#host, plan, actor)
    if (this.#running === undefined) return outlook
    const says = `drill ${this.#running.order.plan.name} is under way`
    return { ...outlook, ready: false, says }
  }

  /**
   * Ends the running drill before its time; traffic that it moved returns. With `id` that very drill,
   * so that nobody ends one that they have not seen.
   */
  abort(actor: string, reason: string, id?: string): CommandResult {
    const run = this.#running
    if (run === undefined) {
      return {
        ok: false,
        code: 'not-found',
        says: 'no drill is under way',
        todo: 'See: changeover drill list.',
      }
    }
    if (id !== undefined && id !== run.order.id) {
      return {
        ok: false,
        code: 'conflict',
        says: `that drill is over; drill ${run.order.plan.name} is under way by now`,
        todo: 'See: changeover drill list.',
      }
    }
    run.abort(actor, reason)
    return { ok: true, says: `drill ${run.order.plan.name} ends, and what it moved returns` }
  }

  /** Plans, what runs, and what came of the newest ones, at most `limit` of them; of one group where it is given. */
  view(of: { readonly group?: string; readonly limit?: number } = {}): DrillsView {
    const { group: only, limit = trendLength } = of
    const isAsked = ({ group }: { readonly group: string }) => only === undefined || group === only
    const drills = this.#host.settings().drills.filter(isAsked)
    const run = this.#running
    return {
      plans: drills.map((plan) => {
        const { away, cron, group, kind, name, timeZone } = plan
        const next = this.#schedules.get(name)?.schedule.next()
        const last = this.#history.all.find((each) => each.plan === name)
        return {
          name,
          group,
          kind,
          timeZone,
          ...(cron !== undefined && { cron }),
          ...(away !== undefined && { away }),
          ...(next !== undefined && { next }),
          ...(last !== undefined && { last }),
        }
      }),
      ...(run !== undefined &&
        isAsked(run.order.plan) && {
          running: {
            id: run.order.id,
            plan: run.order.plan.name,
            group: run.order.plan.group,
            kind: run.order.plan.kind,
            actor: run.order.actor,
            since: run.startedAt,
            says: run.says,
            steps: run.steps.slice(-mostSteps),
          },
        }),
      history: this.#history.all.filter(isAsked).slice(0, limit),
    }
  }

  /** What the page and the metrics show of one group; `undefined` where nothing was ever rehearsed or is planned. */
  ofGroup(group: string): GroupDrillView | undefined {
    const { history, plans, running } = this.view({ group, limit: 5 })
    const mine = this.#history.all.filter((each) => each.group === group)
    const [last] = mine
    if (plans.length === 0 && last === undefined) return undefined
    const next = plans
      .flatMap(({ name, next: at, timeZone }) =>
        at === undefined ? [] : [{ plan: name, at, timeZone }],
      )
      .toSorted((a, b) => a.at - b.at)[0]
    const passedAt = mine.find(({ outcome }) => outcome === 'PASSED')?.endedAt
    return {
      ...(running !== undefined && { running }),
      ...(next !== undefined && { next }),
      ...(last !== undefined && { last }),
      ...(passedAt !== undefined && { passedAt }),
      recent: history,
    }
  }

  /** What is wrong with a group as long as its failover is not proved as often as it asks for; nothing until the journal was read. */
  overdue(group: GroupSettings): readonly Condition[] {
    if (!this.#history.isRead) return []
    return overdueConditions(group, this.#history.all, this.#host.clock.wall(), this.#startedAt)
  }

  async #carryOut(run: DrillRun): Promise<void> {
    const { id, plan, actor, reason } = run.order
    await this.#note({
      kind: 'drill',
      group: plan.group,
      actor,
      says: `drill ${plan.name} (${plan.kind}) is asked for by ${actor}: ${reason}`,
      data: {
        event: 'begins',
        drill: id,
        plan: plan.name,
        kind: plan.kind,
        owner: this.#host.owner,
        at: run.startedAt,
      },
    })
    const bare = await run.run(this.#stop.signal).catch((error: unknown) => {
      const says = error instanceof Error ? error.message : String(error)
      this.#host.log.error(
        { drill: id, error: says },
        'a drill failed, which is a defect; its traffic returns',
      )
      return undefined
    })
    this.#running = undefined
    if (bare !== undefined) {
      const trend = this.#history.all
        .filter((each) => each.plan === plan.name)
        .slice(0, trendLength)
      const report: DrillReport = { ...bare, trend }
      const trouble = await this.#host.archive?.save(report)
      if (trouble !== undefined) {
        this.#host.log.error(
          { drill: id, error: trouble },
          'the report of a drill could not be kept',
        )
      }
      await this.#conclude(summaryOf(report))
    }
    this.#host.onChange()
  }

  /** It did not start. */
  #skip(plan: DrillPlan, says: string): void {
    const wall = this.#host.clock.wall()
    void this.#conclude({
      id: this.#host.ids.next(),
      plan: plan.name,
      group: plan.group,
      kind: plan.kind,
      outcome: 'SKIPPED',
      says,
      actor: 'schedule',
      startedAt: wall,
      endedAt: wall,
      times: {},
    })
  }

  /** An outcome, remembered and written; one that the store does not take is tried again. */
  async #conclude(summary: DrillSummary): Promise<void> {
    this.#history.add(summary)
    this.#host.onChange()
    await this.#settle(summary, await judge(this.#host, summary))
  }

  async #settle(summary: DrillSummary, judged: Judged): Promise<void> {
    const others = this.#unwritten.filter((each) => each !== summary)
    this.#unwritten = judged === 'later' ? [...others, summary] : others
    if (judged !== 'by-another') return
    this.#history.remove(summary)
    this.#host.onChange()
  }

  async #note(entry: Omit<JournalEntry, 'seq' | 'at' | 'previous' | 'hash'>): Promise<boolean> {
    const result = await this.#host.store.commit({ entries: [entry] })
    return result.ok
  }

  async #keep(): Promise<void> {
    const { clock } = this.#host
    do {
      await this.#read()
      // First: what this process judged is no orphan.
      for (const summary of this.#unwritten) {
        await this.#settle(summary, await judge(this.#host, summary))
      }
      const isAllWritten = this.#unwritten.length === 0
      if (this.#history.isRead && isAllWritten) await this.#orphans.look(this.#running?.order.id)
    } while (await clock.sleep(tickMs, this.#stop.signal))
  }

  /** What came of earlier drills and of those of other processes, and which times were missed while nothing ran. */
  async #read(): Promise<void> {
    const isFirst = !this.#history.isRead
    if (await this.#history.catchUp(this.#startedAt)) this.#host.onChange()
    const { aliveAt } = this.#history
    if (!isFirst || aliveAt === undefined) return
    for (const { plan, schedule } of this.#schedules.values()) {
      const at = schedule.missed(aliveAt, this.#startedAt)
      if (at === undefined) continue
      this.#skip(plan, `it was due at ${iso(at)}, when Changeover did not run, and is not run late`)
    }
  }

  /** Another process leads the group, and has the same calendar. */
  #isElsewhere({ group }: DrillPlan): boolean {
    const situation = this.#host.snapshot(group)?.situation
    return situation !== undefined && situation.lease === undefined && situation.store.ok
  }
}

function iso(wall: number): string {
  return new Date(wall).toISOString().replace(/\.\d+Z$/u, 'Z')
}
