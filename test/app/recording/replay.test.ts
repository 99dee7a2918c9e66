import { describe, expect, it } from 'vitest'
import { replay, type ReplayReport } from '../../../src/app/recording/replay.ts'
import { defaultSettings } from '../../../src/app/scenarios/default-settings.ts'
import type { RuleDefinition } from '../../../src/core/rule.ts'
import type { Settings } from '../../../src/core/settings.ts'
import { probe, rule, rulesOf, stalled } from '../../engine/rules/rule-fixtures.ts'
import { header, instant, Tape, wallStart } from './lines.ts'

const shipped = rulesOf([stalled])

/** The defaults over the paths of the header, with some of them altered. */
function settings(alter: (base: Settings) => Partial<Settings> = () => ({})): Settings {
  const loaded = defaultSettings({
    place: 'test',
    vantages: header.vantages,
    groups: header.groups.map(({ name, paths }) => ({
      name,
      paths: paths.map((path) => ({ name: path.name })),
    })),
  })
  if (!loaded.ok) throw new Error(loaded.errors.join())
  return { ...loaded.settings, ...alter(loaded.settings) }
}

const fresh = { playlist_age_seconds: 0, target_duration_seconds: 2 }

interface Tried {
  readonly settings?: Settings
  readonly rules?: readonly RuleDefinition[]
}

async function run(
  tape: Tape,
  sides: readonly Tried[] = [{}],
  withPeople = true,
): Promise<ReplayReport> {
  return await replay({
    lines: tape.placed(),
    sides: sides.map((side, index) => ({
      name: `side-${index}`,
      settings: side.settings,
      rules: side.rules === undefined ? shipped : rulesOf(side.rules),
    })),
    shipped,
    probes: [probe],
    withPeople,
  })
}

/** Moves as `52 s: cdn-a to cdn-b, failover`, by seconds since the start of the recording. */
function movesOf(report: ReplayReport, side = 0): string[] {
  const card = side < 0 ? report.groups[0]?.recorded : report.groups[0]?.replayed[side]
  return (card?.moves ?? []).map(
    ({ wall, from, to, reason }) => `${(wall - wallStart) / 1_000} s: ${from} to ${to}, ${reason}`,
  )
}

/** cdn-a refuses from second 100 to 300; the recorded watchdog left it at 130. */
function refusedTape(): Tape {
  return new Tape()
    .looks('cdn-a', [0, 100], 'pass')
    .looks('cdn-a', [100, 300], 'fail')
    .looks('cdn-a', [300, 1_200], 'pass')
    .looks('cdn-b', [1, 1_200], 'pass')
    .applied(130, 'cdn-a', 'cdn-b')
}

describe('a replay', () => {
  it('shows what was done beside what these rules would have done, and what either cost', async () => {
    const report = await run(refusedTape())

    expect(movesOf(report, -1)).toEqual(['130 s: cdn-a to cdn-b, failover'])
    expect(movesOf(report)).toEqual([
      '115 s: cdn-a to cdn-b, failover',
      '960 s: cdn-b to cdn-a, failback',
    ])
    expect(report.groups[0]?.recorded).toMatchObject({
      changes: 1,
      outageMs: 30_000,
      detection: { meanMs: 30_000, worstMs: 30_000 },
      flaps: 0,
      falseMoves: 0,
      serving: 'cdn-b',
    })
    expect(report.groups[0]?.replayed[0]).toMatchObject({
      changes: 2,
      outageMs: 15_000,
      detection: { meanMs: 15_000 },
      serving: 'cdn-a',
      state: 'STEADY',
    })
    expect(report.groups[0]?.replayed[0]?.moves[0]?.says).toBe('cdn-a is down; cdn-b is up')
  })

  it.each([
    { forMs: 0, leaves: '100 s', outageMs: 0 },
    { forMs: 5_000, leaves: '105 s', outageMs: 5_000 },
    { forMs: 60_000, leaves: '125 s', outageMs: 25_000 },
  ])('leaves a failing path after $leaves where `for` is $forMs ms', async (each) => {
    const altered = settings((base) => ({ timing: { ...base.timing, forMs: each.forMs } }))
    // With a `for` of a minute the ratio would come first, were it not raised with it.
    const ratio = { bad: 6, of: 12 }
    const eager = rule({ name: 'refused', when: 'missing_ratio > 0.5', forMs: each.forMs, ratio })
    const tape = new Tape()
      .looks('cdn-a', [0, 100], 'pass', { measurements: { missing_ratio: 0 } })
      .looks('cdn-a', [100, 300], 'pass', { measurements: { missing_ratio: 1 } })
      .looks('cdn-b', [1, 300], 'pass', { measurements: { missing_ratio: 0 } })

    const report = await run(tape, [{ settings: altered, rules: [eager] }])

    expect(movesOf(report)).toEqual([`${each.leaves}: cdn-a to cdn-b, failover`])
    expect(report.groups[0]?.replayed[0]?.outageMs).toBe(each.outageMs)
    // Nothing was done in truth: the outage lasted to the end of the recording.
    expect(report.groups[0]?.recorded.outageMs).toBe(196_000)
  })

  it('judges ages at their limit, between two looks, and lets media that kept coming come', async () => {
    const tape = new Tape()
    for (let at = 0; at < 100; at += 5) {
      const age = at < 60 ? (at % 2) + 1 : at - 58
      const measurements = { playlist_age_seconds: age, target_duration_seconds: 2 }
      tape.looks('cdn-a', [at, at + 1], 'pass', { measurements })
      const good = { playlist_age_seconds: (at % 2) + 1, target_duration_seconds: 2 }
      tape.looks('cdn-b', [at + 1, at + 2], 'pass', { measurements: good })
    }

    const report = await run(tape)

    // The age is 6 at second 64 and more right after it, and `for` is one second.
    expect(movesOf(report)).toEqual(['65.001 s: cdn-a to cdn-b, failover'])
    expect(report.groups[0]?.replayed[0]?.moves[0]?.afterMs).toBeCloseTo(1_000, 0)
  })

  it('does not look again right before a limit where a look came shortly before, as a watchdog does not', async () => {
    const tape = new Tape().looks('cdn-b', [1, 60], 'pass', { measurements: fresh })
    for (let at = 0; at < 30; at += 5) {
      const measurements = { playlist_age_seconds: at === 0 ? 1 : 0, target_duration_seconds: 2 }
      tape.looks('cdn-a', [at, at + 1], 'pass', { measurements })
    }
    // Looked at half a second before the age of six seconds; new media came right after it.
    const late = { playlist_age_seconds: 5.5, target_duration_seconds: 2 }
    tape.looks('cdn-a', [30.5, 31], 'pass', { measurements: late })
    tape.looks('cdn-a', [35, 60], 'pass', { measurements: fresh })

    const report = await run(tape)

    // Beyond the limit for the second that `for` takes, as far as anybody could tell then.
    expect(movesOf(report)).toEqual(['32.001 s: cdn-a to cdn-b, failover'])
  })

  it('rejects a target against which a rule is pending, though its looks pass', async () => {
    const missing = rule({ name: 'missing', forMs: 60_000 })
    const good = { missing_ratio: 0 }
    const tape = new Tape()
      .looks('cdn-a', [0, 200], 'pass', { measurements: good })
      .looks('cdn-a', [200, 300], 'fail')
      .looks('cdn-b', [1, 205], 'pass', { measurements: good })
      .looks('cdn-b', [206, 230], 'pass', { measurements: { missing_ratio: 1 } })
      .looks('cdn-b', [231, 300], 'pass', { measurements: good })

    const report = await run(tape, [{ rules: [missing] }])

    expect(movesOf(report)).toEqual(['235 s: cdn-a to cdn-b, failover'])
  })

  it('compares two configurations with each other by the same truth', async () => {
    const slow = settings((base) => ({ timing: { ...base.timing, forMs: 45_000 } }))

    const report = await run(refusedTape(), [{}, { settings: slow }])

    expect(movesOf(report, 0)[0]).toBe('115 s: cdn-a to cdn-b, failover')
    expect(movesOf(report, 1)[0]).toBe('145 s: cdn-a to cdn-b, failover')
    expect(report.groups[0]?.replayed.map(({ outageMs }) => outageMs)).toEqual([15_000, 45_000])
  })

  it('calls a move false that left a path which was not bad, and a flap what returns too soon', async () => {
    const tape = new Tape()
      .looks('cdn-a', [0, 900], 'pass')
      .looks('cdn-b', [1, 900], 'pass')
      .applied(200, 'cdn-a', 'cdn-b')
      .applied(400, 'cdn-b', 'cdn-a', 'failback')

    const report = await run(tape)

    expect(report.groups[0]?.recorded).toMatchObject({ changes: 2, falseMoves: 1, flaps: 1 })
    expect(
      report.groups[0]?.recorded.moves.map(({ isFalse, isFlap }) => [isFalse, isFlap]),
    ).toEqual([
      [true, false],
      [false, true],
    ])
    expect(report.groups[0]?.replayed[0]).toMatchObject({ changes: 0, falseMoves: 0, flaps: 0 })
  })

  it('counts the second move of a change that could not be verified as no change of its own', async () => {
    const tape = refusedTape().applied(140, 'cdn-b', 'cdn-a', 'failover', 'i130')

    const report = await run(tape)

    expect(report.groups[0]?.recorded).toMatchObject({ changes: 1, flaps: 0, serving: 'cdn-a' })
    expect(report.groups[0]?.recorded.moves[1]).toMatchObject({ isCompensation: true })
  })

  it('counts a path that flaps as one trouble, from its first bad look', async () => {
    const tape = new Tape().looks('cdn-a', [0, 100], 'pass').looks('cdn-b', [1, 400], 'pass')
    for (let at = 100; at < 400; at += 20) {
      tape.looks('cdn-a', [at, at + 10], 'fail').looks('cdn-a', [at + 10, at + 20], 'pass')
    }

    const report = await run(tape)

    // Six bad looks of twelve: two in each period of twenty seconds.
    expect(movesOf(report)).toEqual(['145 s: cdn-a to cdn-b, failover'])
    expect(report.groups[0]?.replayed[0]).toMatchObject({
      detection: { meanMs: 45_000 },
      outageMs: 25_000,
    })
  })

  it('does not call it an outage when nothing is known', async () => {
    const tape = new Tape()
      .looks('cdn-a', [0, 100], 'pass')
      .looks('cdn-a', [100, 300], 'unknown')
      .looks('cdn-b', [1, 300], 'pass')

    const report = await run(tape)

    expect(movesOf(report)).toEqual([])
    // The last look that saw something is of second 95; it counts for fifteen.
    expect(report.groups[0]?.recorded).toMatchObject({ outageMs: 0, unseenMs: 186_000 })
  })

  it('sees nothing while the vantage itself could not see', async () => {
    const tape = refusedTape()
      .add({ kind: 'self', ...instant(99), ok: false, says: 'no reference answers' })
      .add({ kind: 'self', ...instant(249), ok: true, says: 'sees' })

    const report = await run(tape)

    expect(movesOf(report)[0]).toBe('265 s: cdn-a to cdn-b, failover')
  })

  it('takes a majority of the vantages for the truth, and their quorum for the decision', async () => {
    const vantages = ['fra', 'lhr', 'iad'].map((name) => ({ name, domain: name }))
    const tape = new Tape({ ...header, vantages })
    for (const { name: vantage } of vantages) {
      const liar = vantage === 'iad'
      tape
        .looks('cdn-a', [0, 100], 'pass', { vantage })
        .looks('cdn-a', [100, 400], liar ? 'fail' : 'pass', { vantage })
        .looks('cdn-b', [0, 200], 'pass', { vantage })
        .looks('cdn-b', [200, 400], liar ? 'pass' : 'fail', { vantage })
    }

    const report = await run(tape)

    expect(movesOf(report)).toEqual([])
    expect(report.groups[0]?.recorded.outageMs).toBe(0)
    expect(report.vantages).toEqual(['fra', 'lhr', 'iad'])
  })

  it('rejects a target whose newest look failed, and takes it when it is good again', async () => {
    const tape = new Tape()
      .looks('cdn-a', [0, 100], 'pass')
      .looks('cdn-a', [100, 300], 'fail')
      .looks('cdn-b', [1, 111], 'pass')
      .looks('cdn-b', [111, 121], 'fail')
      .looks('cdn-b', [121, 300], 'pass')

    const report = await run(tape)

    expect(movesOf(report)).toEqual(['125 s: cdn-a to cdn-b, failover'])
  })

  it('stays when the budget is spent, until somebody acknowledges', async () => {
    const once = settings((base) => ({
      groups: base.groups.map((group) => ({
        ...group,
        budget: { changes: 1, perMs: 3_600_000 },
        holddownMs: 1_000,
        failback: { ...group.failback, auto: false },
      })),
    }))
    const tape = new Tape()
      .looks('cdn-a', [0, 100], 'pass')
      .looks('cdn-a', [100, 160], 'fail')
      .looks('cdn-a', [160, 900], 'pass')
      .looks('cdn-b', [1, 300], 'pass')
      .looks('cdn-b', [301, 900], 'fail')

    const frozen = await run(tape, [{ settings: once }])
    const thawed = await run(tape.event(500, 'ack'), [{ settings: once }])

    expect(movesOf(frozen)).toEqual(['115 s: cdn-a to cdn-b, failover'])
    expect(frozen.groups[0]?.replayed[0]?.state).toBe('FROZEN')
    expect(movesOf(thawed)[1]).toBe('500 s: cdn-b to cdn-a, failover')
  })
})

describe('what people did', () => {
  it('is done in the replay too: a steer holds the group until the recording releases it', async () => {
    const tape = refusedTape().applied(50, 'cdn-a', 'cdn-b', 'steer').event(1_000, 'release')

    const report = await run(tape)

    expect(movesOf(report)).toEqual([
      '50 s: cdn-a to cdn-b, steer',
      '1000 s: cdn-b to cdn-a, failback',
    ])
  })

  it('is left out where the rules alone are asked for', async () => {
    const tape = refusedTape().applied(50, 'cdn-a', 'cdn-b', 'steer').event(1_000, 'release')

    const report = await run(tape, [{}], false)

    expect(movesOf(report)[0]).toBe('115 s: cdn-a to cdn-b, failover')
  })

  it('holds, edits and releases as recorded, and is told of', async () => {
    const tape = refusedTape()
      .event(90, 'hold')
      .event(200, 'foreign-edit', 'cdn-b')
      .event(210, 'release')

    const report = await run(tape)

    expect(movesOf(report)).toEqual(['960 s: cdn-b to cdn-a, failback'])
    // Bad from 100 until somebody at the target moved it at 200.
    expect(report.groups[0]?.replayed[0]?.outageMs).toBe(100_000)
    expect(report.groups[0]?.notes.map(({ what }) => what)).toEqual([
      'hold',
      'foreign-edit',
      'release',
    ])
  })
})

describe('time', () => {
  it('goes on across a restart by the wall clock; health is earned anew and holddown starts in full', async () => {
    const tape = new Tape()
      .looks('cdn-a', [0, 100], 'pass')
      .looks('cdn-a', [100, 130], 'fail')
      .looks('cdn-b', [1, 130], 'pass')
    const second = new Tape({
      ...header,
      run: 'run-2',
      at: 7_000_000,
      wall: wallStart + 200_000,
    })
    // The second process has a monotonic clock of its own.
    for (const line of tape.lines.slice(1)) {
      const moved = { ...line, at: line.at + 7_000_000, wall: line.wall + 200_000 }
      second.add(moved)
    }
    for (const line of second.lines) tape.add(line)

    const report = await run(tape)

    expect(report).toMatchObject({ runs: 2, from: wallStart, to: wallStart + 326_000 })
    expect(movesOf(report)).toEqual(['115 s: cdn-a to cdn-b, failover'])
    // 100 to 115 before the move; afterwards cdn-b served, and it was good.
    expect(report.groups[0]?.replayed[0]?.outageMs).toBe(15_000)
  })

  it('lets budgets go on by the wall clock', async () => {
    const once = settings((base) => ({
      groups: base.groups.map((group) => ({
        ...group,
        budget: { changes: 1, perMs: 3_600_000 },
      })),
    }))
    const tape = new Tape()
      .looks('cdn-a', [0, 100], 'pass')
      .looks('cdn-a', [100, 130], 'fail')
      .looks('cdn-a', [130, 300], 'pass')
      .looks('cdn-b', [1, 300], 'pass')
      // Two hours later: the failback would have been due long ago.
      .add({ ...header, run: 'run-2', at: 0, wall: wallStart + 7_200_000 })
    const later = new Tape()
      .looks('cdn-a', [0, 300], 'pass')
      .looks('cdn-b', [1, 200], 'pass')
      .looks('cdn-b', [201, 300], 'fail')
    for (const line of later.lines.slice(1)) {
      tape.add({ ...line, wall: line.wall + 7_200_000 })
    }

    const report = await run(tape, [{ settings: once }])

    expect(movesOf(report)).toEqual([
      '115 s: cdn-a to cdn-b, failover',
      '7416 s: cdn-b to cdn-a, failover',
    ])
    expect(report.groups[0]?.replayed[0]?.outageMs).toBe(30_000)
  })

  it('does nothing while nobody watches: what a process waited for ends with it', async () => {
    const frozen = { playlist_age_seconds: 2, target_duration_seconds: 2 }
    const tape = new Tape()
      .looks('cdn-a', [0, 60], 'pass', { measurements: fresh })
      .looks('cdn-a', [60, 61], 'pass', { measurements: frozen })
      .looks('cdn-b', [1, 61], 'pass')
      // The age would have reached its limit at 64.
      .add({ ...header, run: 'run-2', at: 0, wall: wallStart + 200_000 })

    const report = await run(tape)

    expect(movesOf(report)).toEqual([])
  })

  it('goes on in the next file of the same process as if there were one', async () => {
    const one = await run(refusedTape())
    const split = refusedTape().add({ ...header, ...instant(120) })
    const two = await run(split)

    expect(two).toEqual({ ...one, runs: 1 })
  })

  it('does not go backwards: such a recording is refused with its place', async () => {
    const tape = new Tape().looks('cdn-a', [0, 10], 'pass')
    const [first, ...rest] = tape.lines
    const lines = [first, ...rest.toReversed()].flatMap((line, index) =>
      line === undefined ? [] : [{ line, place: `x.jsonl:${index + 1}` }],
    )
    async function* placed() {
      yield* lines
    }

    const promise = replay({
      lines: placed(),
      sides: [{ name: 'a', settings: undefined, rules: shipped }],
      shipped,
      probes: [probe],
      withPeople: true,
    })

    await expect(promise).rejects.toThrow('x.jsonl:3: its time lies before that of the line above.')
  })

  it('keeps what serves by the record where changes were lost', async () => {
    const groups = header.groups.map((group) => ({
      ...group,
      allocation: { 'cdn-a': 0, 'cdn-b': 100 },
    }))
    const tape = new Tape()
      .looks('cdn-a', [0, 300], 'fail')
      .looks('cdn-b', [1, 300], 'pass')
      .add({ kind: 'lost', ...instant(100), lines: 17 })
      .add({ kind: 'groups', ...instant(100), groups })

    const report = await run(tape)

    expect(report.lost).toBe(17)
    expect(report.groups[0]?.recorded).toMatchObject({ outageMs: 100_000, serving: 'cdn-b' })
  })
})

describe('a configuration that differs from the recorded one', () => {
  it('is compared as far as it goes, with a sentence for each difference', async () => {
    const other = settings((base) => ({
      vantages: [{ name: 'local', domain: 'local' }],
      groups: base.groups.map((group) => ({
        ...group,
        paths: group.paths
          .filter(({ name }) => name === 'cdn-a')
          .flatMap((path) => [
            { ...path, everyMs: 1_000 },
            { ...path, name: 'cdn-c' },
          ]),
      })),
    }))

    const report = await run(refusedTape(), [{ settings: other }])

    expect(report.warnings).toEqual([
      'channel-1/cdn/cdn-a was looked at every 5s; side-0 says 1s, and is judged at 5s',
      'channel-1/cdn/cdn-b was recorded, but side-0 has no such path',
      'channel-1/cdn/cdn-c of side-0 was not recorded: never eligible',
      'the quorum is that of the recorded vantages alone: fra',
    ])
    expect(movesOf(report)).toEqual([])
  })

  it('leaves out a group that it does not have', async () => {
    const other = settings((base) => ({
      groups: base.groups.map((group) => ({ ...group, name: 'channel-2/cdn' })),
    }))

    const report = await run(refusedTape(), [{ settings: other }])

    expect(report.groups).toEqual([])
    expect(report.warnings).toEqual(['channel-1/cdn was recorded, but side-0 has no such group'])
  })

  it('takes over paths that a reload of the recorded watchdog added', async () => {
    const groups = header.groups.map((group) => ({
      ...group,
      paths: [...group.paths, { name: 'cdn-c', type: 'hls', everyMs: 5_000 }],
    }))
    const tape = new Tape()
      .looks('cdn-a', [0, 200], 'pass')
      .looks('cdn-a', [200, 400], 'fail')
      .add({ kind: 'groups', ...instant(50), groups })
      .looks('cdn-c', [51, 400], 'pass')

    const report = await run(tape)

    expect(movesOf(report)).toEqual(['215 s: cdn-a to cdn-c, failover'])
  })
})
