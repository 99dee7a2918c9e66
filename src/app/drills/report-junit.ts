import type { DrillReport } from '../../core/drill-report.ts'
import { formatDuration } from '../../core/duration.ts'
import { junitXml, type JunitCase } from '../../formats/junit.ts'

/**
 * A drill as CI systems read it: one test for the drill, one for each check and each objective. What
 * was SKIPPED, ABORTED or INTERRUPTED is an error, because it proves nothing either way.
 */
export function reportJunit(report: DrillReport): string {
  const file = `${report.group} ${report.plan}`
  const isFailed = report.outcome === 'FAILED'
  const isOpen = !isFailed && report.outcome !== 'PASSED'
  const drill: JunitCase = {
    name: `drill ${report.plan}`,
    file,
    failures: isFailed ? [report.says] : [],
    ...(isOpen && { error: `${report.outcome}: ${report.says}` }),
  }
  const checks = report.checks.map(({ name, ok, says }): JunitCase => ({
    name,
    file,
    failures: ok ? [] : [says],
  }))
  const times = report.times
    .filter(({ objectiveMs }) => objectiveMs !== undefined)
    .map(({ measure, ms, objectiveMs = 0, ok }): JunitCase => {
      const took = ms === undefined ? 'not measured' : formatDuration(Math.round(ms))
      const says = `${measure}: ${took}, at most ${formatDuration(objectiveMs)} wanted`
      const seconds = ms === undefined ? {} : { seconds: ms / 1_000 }
      return { name: `objective ${measure}`, file, failures: ok === true ? [] : [says], ...seconds }
    })
  return junitXml([drill, ...checks, ...times, ...reachCases(report, file)])
}

/** One test for each server and resolver: of the way out it fails where it missed the objective for `effective`. */
function reachCases({ reach = [], times }: DrillReport, file: string): JunitCase[] {
  const { objectiveMs } = times.find(({ measure }) => measure === 'effective') ?? {}
  return reach.map(({ move, ms, says, who }): JunitCase => {
    const isLate =
      move === 'out' && objectiveMs !== undefined && (ms === undefined || ms > objectiveMs)
    const took = ms === undefined ? says : formatDuration(Math.round(ms))
    const failure = `${who}: ${took}, at most ${formatDuration(objectiveMs ?? 0)} wanted`
    return {
      name: `effective at ${who} (${move})`,
      file,
      failures: isLate ? [failure] : [],
      ...(ms !== undefined && { seconds: ms / 1_000 }),
    }
  })
}
