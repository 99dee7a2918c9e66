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
      return { name: `objective ${measure}`, file, failures: ok === true ? [] : [says] }
    })
  return junitXml([drill, ...checks, ...times])
}
