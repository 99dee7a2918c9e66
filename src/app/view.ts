import { describeAllocation, heaviest } from '../core/allocation.ts'
import { remedies } from '../core/diagnosis.ts'
import { formatDuration } from '../core/duration.ts'
import type { PathSettings } from '../core/settings.ts'
import type {
  EffectView,
  GroupView,
  MeasurementView,
  PathView,
  PictureView,
  WatchdogView,
} from '../core/view.ts'
import { askCalendar, nextInCalendar } from '../engine/calendar.ts'
import type { Effect } from '../engine/group/effect.ts'
import { capacityOf } from '../engine/group/capacity.ts'
import { failbackOf } from '../engine/group/failback.ts'
import { goalOf } from '../engine/group/goal.ts'
import { spent } from '../engine/group/memory.ts'
import { describeRamp, liveRamp, whyRampWaits } from '../engine/group/ramp.ts'
import { asShares } from '../engine/group/weights.ts'
import { forgivenInMs, pointsAt } from '../engine/group/penalty.ts'
import type { Situation } from '../engine/group/situation.ts'
import type { Clock } from '../core/clock.ts'
import type { PathPictures } from './path-pictures.ts'
import type { Plugins } from './plugin-binding.ts'
import type { Watchdog } from './watchdog.ts'

/** What a view is made of. */
export interface ViewSource {
  readonly watchdog: Watchdog
  readonly clock: Clock
  readonly plugins: Plugins
  readonly version: string
}

/** The whole state as people and programs see it, at one moment. */
export function viewOf(source: ViewSource): WatchdogView {
  const { watchdog, clock, version } = source
  const { settings } = watchdog
  const groups = settings.groups.flatMap((group) => groupView(source, group.name))
  const troubled = settings.groups
    .map((group) => watchdog.controller(group.name)?.snapshot().situation.store)
    .find((store) => store?.ok === false)
  return {
    version,
    mode: settings.mode,
    profile: settings.profile,
    wall: clock.wall(),
    startedAt: watchdog.startedAt,
    vantage: { name: settings.vantage.name, ...watchdog.self },
    store: troubled ?? { ok: true, says: 'writable' },
    groups,
    incidents: watchdog.alerting.view(),
    routes: watchdog.alerting.routes(),
    silences: watchdog.alerting.silences(),
  }
}

function groupView(source: ViewSource, name: string): GroupView[] {
  const { watchdog, clock } = source
  const group = watchdog.settings.groups.find((each) => each.name === name)
  const snapshot = watchdog.controller(name)?.snapshot()
  if (group === undefined || snapshot === undefined) return []
  const { situation, decision } = snapshot
  const { memory } = situation
  const { row } = memory
  const wallOf = (at: number) => clock.wall() - (clock.now() - at)
  const active = heaviest(row.allocation ?? {})
  const used = spent(memory, group, situation.now)
  const lastChange = row.ledger.at(-1)
  const ramp = describeLiveRamp(situation)
  const whyNot = decision.kind === 'stay' ? decision.whyNot : undefined
  const published = watchdog.published(name)
  const fault = watchdog.fault(group.stream)
  const drill = watchdog.drills.ofGroup(name)
  return [
    {
      name,
      stream: group.stream,
      title: group.title,
      ...(group.tags !== undefined && group.tags.length > 0 && { tags: group.tags }),
      state: snapshot.state,
      says: snapshot.busy ?? decision.says,
      since: wallOf(snapshot.stateSince),
      ...(row.allocation !== undefined && { allocation: row.allocation }),
      ...(active !== undefined && { active }),
      preferred: group.paths[0]?.name ?? '',
      strategy: group.strategy,
      ...(group.sharing !== undefined && { weights: group.sharing.weights }),
      ...(ramp !== undefined && { ramp }),
      leader: situation.lease !== undefined,
      ...(situation.lease !== undefined && { token: situation.lease.token }),
      ...(row.hold !== undefined && { hold: row.hold }),
      ...(row.frozen !== undefined && { frozen: row.frozen }),
      ...(whyNot !== undefined && { whyNot }),
      guards: decision.guards,
      ...(fault !== undefined && { fault: { place: fault.place, says: fault.says } }),
      ...(group.calendar.length > 0 && { calendar: calendarView(situation) }),
      holddownLeftMs: Math.max(0, memory.holddownUntil - situation.now),
      budget: {
        left: Math.max(0, group.budget.changes - used),
        of: group.budget.changes,
        perMs: group.budget.perMs,
      },
      failback: {
        auto: group.failback.auto,
        says: describeFailback(situation, active ?? ''),
      },
      ...(drill !== undefined && { drill }),
      ...(row.intent !== undefined && { intent: row.intent }),
      ...(lastChange !== undefined && { lastChange }),
      ...(situation.effect !== undefined && { effect: effectView(situation.effect, wallOf) }),
      actuators: snapshot.readings.map(({ type, ok, says, settleMs }) => ({
        type,
        ok,
        settleMs,
        says:
          published?.serveAll === true && situation.mode !== 'armed' && ok
            ? `${says}; in ${situation.mode}, pull actuators keep everything serving`
            : says,
      })),
      paths: group.paths.map((path) => pathView(source, name, path)),
    },
  ]
}

function effectView(effect: Effect, wallOf: (at: number) => number): EffectView {
  const { behind, intent, serversAt, settleMs, since } = effect
  return {
    intent,
    appliedAt: wallOf(since),
    ...(serversAt !== undefined && { serversAt: wallOf(serversAt) }),
    settleMs,
    behind,
  }
}

function calendarView({ settings, wall }: Situation): NonNullable<GroupView['calendar']> {
  const failover = askCalendar(settings.calendar, 'failover', wall)
  const failback = askCalendar(settings.calendar, 'failback', wall)
  const next = nextInCalendar(settings.calendar, wall)
  const later = next === undefined ? {} : { next }
  if (failover.pass && !failback.pass)
    return { open: true, says: `no failback: ${failback.says}`, ...later }
  return { open: failover.pass, says: failover.says, ...later }
}

/** When traffic returns by itself, or why not. */
function describeFailback(situation: Situation, active: string): string {
  const { auto, stableForMs } = situation.settings.failback
  const otherwise = auto ? `automatic after ${formatDuration(stableForMs)} up` : 'manual'
  const { sharing } = situation.settings
  if (sharing === undefined) {
    const { due, says } = failbackOf(situation, active)
    return due ?? says ?? otherwise
  }
  const { due, waits } = goalOf(situation, sharing, asShares(situation.memory.row.allocation ?? {}))
  const says = [...due, ...waits].join('; ')
  return says === '' ? otherwise : says
}

/** The ramp under way in words: how far it is, and what it waits for. */
function describeLiveRamp(situation: Situation): string | undefined {
  const ramp = liveRamp(situation)
  if (ramp === undefined) return undefined
  const waits = whyRampWaits(situation, ramp)
  return `${describeRamp(ramp)}, on the way to ${describeAllocation(ramp.to)}${waits === undefined ? '' : `; ${waits}`}`
}

function penaltyOf(situation: Situation | undefined, path: string): Pick<PathView, 'penalty'> {
  const penalty = situation?.memory.penalties.get(path)
  if (situation === undefined || penalty === undefined) return {}
  const { flaps } = situation.settings
  const points = Math.round(pointsAt(penalty, flaps, situation.now))
  return { penalty: { points, forgivenInMs: forgivenInMs(penalty, flaps, situation.now) } }
}

function capacityView(situation: Situation | undefined, path: string): Pick<PathView, 'capacity'> {
  const capacity = situation && capacityOf(situation, path)
  if (capacity === undefined) return {}
  const { at, ...rest } = capacity
  return { capacity: { ...rest, ...(at !== undefined && { wall: at }) } }
}

function pictureView(pictures: PathPictures): PictureView | undefined {
  const newest = pictures.of('newest')
  if (newest === undefined) return undefined
  const { wall, looks, freshForMs } = newest
  const good = looks === 'good' ? undefined : pictures.of('good')
  return { wall, looks, freshForMs, ...(good !== undefined && { goodWall: good.wall }) }
}

function pathView(source: ViewSource, group: string, path: PathSettings): PathView {
  const { watchdog, clock } = source
  const wallOf = (at: number) => clock.wall() - (clock.now() - at)
  const controller = watchdog.controller(group)
  const situation = controller?.snapshot().situation
  const health = situation?.paths.get(path.name)
  const watched = watchdog.watched(`${group}/${path.name}`)
  const sample = watched?.last
  const measured = watched?.lastMeasured
  const picture = watched && pictureView(watched.pictures)
  // With what comparing it to the other paths says.
  const { name: vantage } = watchdog.settings.vantage
  const report = watchdog.board.reports(`${group}/${path.name}`).get(vantage) ?? watched?.report
  return {
    name: path.name,
    type: path.type,
    shows: path.shows,
    health: health?.health ?? 'unknown',
    suspect: health?.suspect ?? false,
    since: wallOf(health?.since ?? clock.now()),
    says: health?.says ?? 'not looked at yet',
    ...(health?.diagnosis !== undefined && {
      diagnosis: health.diagnosis,
      remedy: remedies[health.diagnosis],
    }),
    weight: situation?.memory.row.allocation?.[path.name] ?? 0,
    votes: health?.votes ?? [],
    ...penaltyOf(situation, path.name),
    ...capacityView(situation, path.name),
    rules: report?.active ?? [],
    pending: report?.pending ?? [],
    measurements: measurementsOf(source, path),
    findings: sample?.findings ?? [],
    everyMs: path.everyMs,
    ...(picture !== undefined && { picture }),
    ...(sample !== undefined && { seenAt: wallOf(sample.at) }),
    ...(measured !== undefined && { measuredAt: wallOf(measured.at) }),
  }

  function measurementsOf({ plugins }: ViewSource, of: PathSettings): MeasurementView[] {
    const values = measured?.measurements ?? {}
    const declared = plugins.probes.find((probe) => probe.type === of.type)?.measures ?? []
    return declared.flatMap(({ name, unit, help }) => {
      const value = values[name]
      return value === undefined || !Number.isFinite(value) ? [] : [{ name, value, unit, help }]
    })
  }
}
