import type { DrillReport } from '../../core/drill-report.ts'
import { duration, text } from './report-html.ts'

const width = 960
const left = 130
const right = 20
const laneHeight = 34
const top = 18

interface Band {
  readonly from: number
  readonly to: number
  readonly kind: string
  readonly says: string
}

interface Lane {
  readonly name: string
  readonly bands: readonly Band[]
}

/** A drill as a picture over time: who carried the traffic, what the public name showed, what was done. */
export function reportPicture(report: DrillReport): string {
  const lasted = Math.max(1, report.endedAt - report.startedAt)
  const lanes = lanesOf(report, lasted)
  if (lanes.length === 0) return ''
  const height = top + lanes.length * laneHeight + 40
  const x = (ms: number) =>
    Math.round((left + (Math.min(ms, lasted) / lasted) * (width - left - right)) * 10) / 10
  const parts = lanes.map(({ bands, name }, index) => {
    const y = top + index * laneHeight
    const shapes = bands.map(({ from, kind, says, to }) => {
      const span = Math.max(3, x(to) - x(from))
      return `<rect class="${kind}" x="${x(from)}" y="${y + 4}" width="${Math.round(span * 10) / 10}" height="${laneHeight - 10}" rx="4"><title>${text(`${says}, from ${duration(from)} to ${duration(to)}`)}</title></rect>`
    })
    return `<text class="lane" x="${left - 12}" y="${y + laneHeight / 2 + 4}">${text(name)}</text>${shapes.join('')}`
  })
  const base = top + lanes.length * laneHeight + 6
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = x(part * lasted)
    const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle'
    return `<line class="tick" x1="${at}" y1="${top}" x2="${at}" y2="${base}"/><text class="time" x="${at}" y="${base + 18}" text-anchor="${anchor}">${text(duration(part * lasted))}</text>`
  })
  const label = text(`Timeline of drill ${report.plan}: ${report.outcome}`)
  return `<div class="scroll"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${ticks.join('')}${parts.join('')}</svg></div>`
}

function lanesOf(report: DrillReport, lasted: number): Lane[] {
  const lanes: Lane[] = []
  const applied = report.timeline.filter(({ what }) => what === 'applied').map(({ atMs }) => atMs)
  const [outAt, backAt] = applied
  const { away = 'before', standby = 'standby' } = report
  const isMove = report.kind === 'switch' || report.kind === 'fault'
  if (isMove) {
    const outUntil = backAt ?? lasted
    lanes.push({
      name: away,
      bands: [
        { from: 0, to: outAt ?? lasted, kind: 'carries', says: `${away} carries the traffic` },
        ...(backAt === undefined
          ? []
          : [
              {
                from: backAt,
                to: lasted,
                kind: 'carries',
                says: `${away} carries the traffic again`,
              },
            ]),
      ],
    })
    if (outAt !== undefined) {
      const says = `${standby} carries the traffic`
      lanes.push({ name: standby, bands: [{ from: outAt, to: outUntil, kind: 'carries', says }] })
    }
  }
  if (report.looks.length > 0) {
    const bands = report.looks.map(({ atMs, ok, says }, index) => ({
      from: atMs,
      to: report.looks[index + 1]?.atMs ?? lasted,
      kind: ok ? 'good' : 'gap',
      says: ok ? 'the public name is good' : `the public name: ${says}`,
    }))
    lanes.push({ name: 'public name', bands })
  }
  const broken = report.timeline.filter(({ what }) => what === 'fault').map(({ atMs }) => atMs)
  const [brokenAt, healedAt] = broken
  if (brokenAt !== undefined) {
    const bands = [
      { from: brokenAt, to: healedAt ?? lasted, kind: 'fault', says: `${away} is broken` },
    ]
    lanes.push({ name: 'fault', bands })
  }
  const moments = report.timeline.map(({ atMs, says, what }): Band => {
    return { from: atMs, to: atMs, kind: 'moment', says: `${what}: ${says}` }
  })
  if (moments.length > 0 && lasted > 1) lanes.push({ name: 'moments', bands: moments })
  return lanes
}
