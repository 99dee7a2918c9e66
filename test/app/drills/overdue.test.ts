import { describe, expect, test } from 'vitest'
import { overdueConditions } from '../../../src/app/drills/overdue.ts'
import type { DrillSummary } from '../../../src/core/drill-report.ts'
import type { DrillOutcome } from '../../../src/core/drill.ts'
import { groupSettings } from '../../fakes/group-settings.ts'

const day = 24 * 3_600_000
const now = 1_800_000_000_000
const name = 'channel-1/cdn'
const group = groupSettings({ name, drillWithinMs: 30 * day })

function ended(daysAgo: number, outcome: DrillOutcome, of = name): DrillSummary {
  const at = now - daysAgo * day
  return {
    id: `d-${daysAgo}`,
    plan: 'weekly',
    group: of,
    kind: 'switch',
    outcome,
    says: 'held by ana',
    actor: 'schedule',
    startedAt: at - 60_000,
    endedAt: at,
    times: {},
  }
}

/** What is told with this history, newest first, of a Changeover that runs for a year. */
function told(...history: readonly DrillSummary[]) {
  return overdueConditions(group, history, now, now - 365 * day)
}

describe('a group whose failover was not proved in time', () => {
  test('is told of once the last pass is longer ago than it asks for, with what came since', () => {
    const [condition, ...more] = told(ended(2, 'SKIPPED'), ended(31, 'PASSED'))

    expect(more).toEqual([])
    expect(condition).toMatchObject({
      key: 'channel-1/cdn#drill-overdue',
      severity: 'warning',
      group: name,
      title: 'channel-1/cdn: no drill has passed for 31d, at least one every 30d is asked for',
      did: 'The last one, weekly, ended SKIPPED: held by ana',
      since: now - day,
    })
  })

  test('is not told of while a pass is recent enough', () => {
    expect(told(ended(2, 'FAILED'), ended(29, 'PASSED'))).toEqual([])
  })

  test.for(['FAILED', 'ABORTED', 'INTERRUPTED', 'SKIPPED'] as const)(
    '%s proves nothing',
    (outcome) => {
      expect(told(ended(1, outcome), ended(31, 'PASSED'))).toHaveLength(1)
    },
  )

  test('is told of where none ever passed, counted from the first one, or from the start', () => {
    expect(told(ended(1, 'FAILED'), ended(31, 'FAILED'))[0]?.title).toContain(
      'no drill ever passed',
    )
    expect(told(ended(1, 'FAILED'), ended(29, 'FAILED'))).toEqual([])
    expect(told()[0]).toMatchObject({ did: 'No drill was run.' })
    expect(overdueConditions(group, [], now, now - 29 * day)).toEqual([])
  })

  test('is not proved by a drill of another group', () => {
    expect(told(ended(1, 'PASSED', 'channel-2/cdn'))).toHaveLength(1)
  })

  test('is left alone where nothing is asked for', () => {
    const { drillWithinMs: _none, ...free } = group

    expect(overdueConditions(free, [], now, 0)).toEqual([])
  })
})
