import type { DrillReport, DrillSummary, DrillTime } from '../../core/drill-report.ts'
import { formatDuration } from '../../core/duration.ts'
import { reportPicture } from './report-picture.ts'
import { reportStyle } from './report-style.ts'

/** The report of a drill as one page that needs nothing else: no script, no address but its own. */
export function reportHtml(report: DrillReport): string {
  const { group, outcome, plan, says } = report
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${text(`Drill ${plan}: ${outcome}`)}</title>`,
    `<style>${reportStyle}</style>`,
    '</head>',
    '<body>',
    '<header>',
    `<p class="where">${text(group)}</p>`,
    `<h1>Drill ${text(plan)}</h1>`,
    `<p class="verdict ${outcome.toLowerCase()}"><strong>${mark(outcome)} ${outcome}</strong> ${text(says)}</p>`,
    facts(report),
    '</header>',
    section('What happened, and when', reportPicture(report)),
    section('Times', timesTable(report.times)),
    section('In effect at each server', reachTable(report)),
    section('Load', loadTable(report)),
    section('Checks', checksTable(report)),
    section('Moments', momentsTable(report)),
    section('The last drills of this plan', trendTable(report)),
    section('From the journal', journalTable(report)),
    `<footer>Changeover ${text(report.version)}, drill ${text(report.id)}. PASSED: ran to its end and met every objective. FAILED: ran, and something did not happen as it should. ABORTED: one of its own conditions stopped it. INTERRUPTED: an incident, a person or the end of the process went first. SKIPPED: did not start.</footer>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function facts(report: DrillReport): string {
  const rows = [
    ['Kind', report.kind],
    ['Began', moment(report.startedAt)],
    ['Took', duration(Math.max(0, report.endedAt - report.startedAt))],
    ['Away from', report.away],
    ['To', report.standby],
    ['Asked for by', `${report.actor}: ${report.reason}`],
    ['Mode', report.mode],
  ]
  const items = rows.flatMap(([name = '', value]) =>
    value === undefined ? [] : [`<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`],
  )
  return `<dl class="facts">${items.join('')}</dl>`
}

function section(title: string, body: string): string {
  return body === '' ? '' : `<section><h2>${text(title)}</h2>${body}</section>`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const head = heads.map((each) => `<th scope="col">${text(each)}</th>`).join('')
  const body = rows
    .map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
    .join('\n')
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

function timesTable(times: readonly DrillTime[]): string {
  const rows = times.map(({ measure, ms, objectiveMs, ok, says }) => [
    `<strong>${text(measureWords[measure])}</strong>`,
    ms === undefined ? '–' : duration(ms),
    objectiveMs === undefined ? '–' : `≤ ${duration(objectiveMs)}`,
    ok === undefined
      ? '–'
      : ok
        ? '<span class="ok">✓ met</span>'
        : '<span class="bad">✗ missed</span>',
    text(says),
  ])
  return table(['Time', 'Measured', 'Objective', 'Met', 'What it is'], rows)
}

const measureWords = {
  detect: 'Detect',
  decide: 'Decide',
  apply: 'Apply',
  verify: 'Verify',
  effective: 'Effective',
  gap: 'Viewer gap',
  return: 'Return',
} as const

function reachTable({ reach = [] }: DrillReport): string {
  const rows = reach.map(({ kind, move, ms, says, who }) => [
    `<strong>${text(who)}</strong>`,
    kind === 'cache' ? 'resolver' : 'server',
    move,
    ms === undefined ? '–' : duration(ms),
    text(says),
  ])
  return table(['Who', 'What it is', 'Way', 'After', 'In words'], rows)
}

function loadTable({ load }: DrillReport): string {
  if (load === undefined) return ''
  const kilobits = (bits: number) => `${Math.round(bits / 1_000).toLocaleString('en')} kbit/s`
  return table(
    ['Path', 'Viewers', 'Ceiling', 'Carried', 'Segments', 'Failures', 'Late', 'Limited by'],
    [
      [
        text(load.path),
        String(load.viewers),
        kilobits(load.ceilingBitsPerSecond),
        kilobits(load.bitsPerSecond),
        String(load.segments),
        String(load.failures),
        `${Math.round(load.lateRatio * 100)} %`,
        text(load.limitedBy),
      ],
    ],
  )
}

function checksTable({ checks }: DrillReport): string {
  const rows = checks.map(({ name, ok, says }) => [
    ok ? '<span class="ok">✓</span>' : '<span class="bad">✗</span>',
    `<strong>${text(name)}</strong>`,
    text(says),
  ])
  return table(['', 'Check', 'What was found'], rows)
}

function momentsTable({ timeline }: DrillReport): string {
  const rows = timeline.map(({ atMs, what, says }) => [
    `+${duration(atMs)}`,
    `<strong>${text(what)}</strong>`,
    text(says),
  ])
  return table(['After', 'What', 'In words'], rows)
}

function trendTable({ trend }: DrillReport): string {
  const time = ({ times }: DrillSummary, measure: keyof DrillSummary['times']) => {
    const ms = times[measure]
    return ms === undefined ? '–' : duration(ms)
  }
  const rows = trend.map((each) => [
    moment(each.startedAt),
    `<span class="${each.outcome.toLowerCase()}">${mark(each.outcome)} ${each.outcome}</span>`,
    time(each, 'detect'),
    time(each, 'apply'),
    time(each, 'verify'),
    time(each, 'gap'),
    time(each, 'return'),
    text(each.says),
  ])
  const heads = ['Began', 'Outcome', 'Detect', 'Apply', 'Verify', 'Viewer gap', 'Return', 'Why']
  return table(heads, rows)
}

function journalTable({ journal }: DrillReport): string {
  const rows = journal.map(({ at, kind, says, seq }) => [
    String(seq),
    moment(at),
    `<strong>${text(kind)}</strong>`,
    text(says),
  ])
  return table(['No.', 'When', 'Kind', 'What it says'], rows)
}

/** A shape beside the colour: nobody has to tell red from green. */
function mark(outcome: DrillReport['outcome']): string {
  return { PASSED: '●', FAILED: '■', ABORTED: '▲', INTERRUPTED: '◆', SKIPPED: '○' }[outcome]
}

function moment(wall: number): string {
  return new Date(wall).toISOString().replace('T', ' ').replace('Z', ' UTC')
}

/** A duration that is easy to compare: milliseconds below a second, tenths below a minute. */
export function duration(ms: number): string {
  const tenths = ms < 1_000 ? Math.round(ms) : Math.round(ms / 100) * 100
  return ms >= 1_000 && ms < 60_000
    ? `${(tenths / 1_000).toFixed(1)}s`
    : formatDuration(ms < 1_000 ? tenths : Math.round(ms / 1_000) * 1_000)
}

/** Text that stands in HTML. */
export function text(raw: string): string {
  return (
    raw
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/gu, ' ')
      .toWellFormed()
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  )
}
