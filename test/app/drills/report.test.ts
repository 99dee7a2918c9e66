import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { DrillReport } from '../../../src/core/drill-report.ts'
import { folderArchive } from '../../../src/app/drills/archive.ts'
import { reportHtml } from '../../../src/app/drills/report-html.ts'
import { reportJunit } from '../../../src/app/drills/report-junit.ts'

const sampleReport: DrillReport = {
  id: 'd-1',
  plan: 'weekly-cdn',
  group: 'channel-1/cdn',
  kind: 'switch',
  outcome: 'FAILED',
  says: 'the traffic went to cdn-b <and> back; objectives missed: verify took 18s, at most 10s wanted',
  actor: 'ana',
  reason: 'before "the final"',
  startedAt: 1_700_000_000_000,
  endedAt: 1_700_000_090_000,
  version: '1.0.0',
  mode: 'armed',
  away: 'cdn-a',
  standby: 'cdn-b',
  checks: [{ name: 'mode', ok: true, says: 'mode is armed' }],
  times: [
    { measure: 'apply', ms: 420, objectiveMs: 10_000, ok: true, says: 'until it was shown' },
    { measure: 'verify', ms: 18_000, objectiveMs: 10_000, ok: false, says: 'until it was good' },
    { measure: 'gap', says: 'not measured: no look was good' },
  ],
  timeline: [
    { atMs: 100, what: 'intent', says: 'drill to cdn-b' },
    { atMs: 520, what: 'applied', says: 'traffic moved' },
    { atMs: 60_520, what: 'applied', says: 'traffic moved back' },
  ],
  looks: [
    { atMs: 900, ok: true, says: 'good' },
    { atMs: 5_000, ok: false, says: '<script>alert(1)</script>' },
    { atMs: 7_000, ok: true, says: 'good' },
  ],
  reach: [
    { move: 'out', who: '192.0.2.54', kind: 'server', ms: 8_250, says: 'first seen' },
    { move: 'out', who: '<9.9.9.9>', kind: 'cache', says: 'still answers A 192.0.2.1' },
    { move: 'back', who: '192.0.2.54', kind: 'server', says: 'still answers A 192.0.2.2' },
  ],
  journal: [
    { seq: 7, at: 1_700_000_000_500, kind: 'applied', says: 'moved', previous: '', hash: '' },
  ],
  trend: [],
}

let folder: string | undefined
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

describe('the report of a drill', () => {
  test('is one page that loads and runs nothing, with everything escaped', () => {
    const page = reportHtml(sampleReport)

    expect(page).toContain('<svg viewBox=')
    expect(page).toContain('cdn-b &lt;and&gt; back')
    expect(page).not.toMatch(/<script|<link|<img|https?:|url\(/u)
  })

  test('shows each time against its objective, and a dash where nothing was measured', () => {
    const page = reportHtml(sampleReport)

    expect(page).toContain('<td><strong>Verify</strong></td><td>18.0s</td><td>≤ 10.0s</td>')
    expect(page).toContain('<td><strong>Viewer gap</strong></td><td>–</td><td>–</td><td>–</td>')
  })

  test('is a failure for a CI where it failed, and an error where it proves nothing', () => {
    const failed = reportJunit(sampleReport)
    const skipped = reportJunit({ ...sampleReport, outcome: 'SKIPPED', says: 'held by ana' })

    expect(failed).toContain('tests="7" failures="2" errors="0"')
    expect(failed).toContain('verify: 18s, at most 10s wanted')
    expect(skipped).toContain('<error message="SKIPPED: held by ana">')
  })

  test('shows when each server and resolver followed, and what those say who did not', () => {
    const page = reportHtml(sampleReport)

    expect(page).toContain('<td>server</td><td>out</td><td>8.3s</td>')
    expect(page).toContain('&lt;9.9.9.9&gt;')
    expect(page).toContain(
      '<td>resolver</td><td>out</td><td>–</td><td>still answers A 192.0.2.1</td>',
    )
  })

  test('is one test for each server and resolver, which the objective for `effective` may fail', () => {
    const wanted = {
      measure: 'effective',
      ms: 9_000,
      objectiveMs: 5_000,
      ok: false,
      says: '',
    } as const
    const free = reportJunit(sampleReport)
    const bound = reportJunit({ ...sampleReport, times: [wanted] })

    expect(free).toContain('name="effective at 192.0.2.54 (out)"')
    expect(free).toMatch(/192\.0\.2\.54 \(out\)"[^>]* time="8\.250"\/>/u)
    expect(free).toMatch(/&lt;9\.9\.9\.9&gt; \(out\)" classname="[^"]*"\/>/u)
    expect(bound).toContain('192.0.2.54: 8s250ms, at most 5s wanted')
    expect(bound).toContain('still answers A 192.0.2.1, at most 5s wanted')
    // The drill ended before it was the turn of the way back.
    expect(bound).toMatch(/192\.0\.2\.54 \(back\)" classname="[^"]*"\/>/u)
  })

  test('is kept in three forms, the oldest are removed, and no other file can be asked for', async () => {
    folder = mkdtempSync(join(tmpdir(), 'changeover-drills-'))
    const archive = folderArchive(join(folder, 'reports'), 2)
    expect(await archive.ids()).toEqual([])

    for (const id of ['d-1', 'd-2', 'd-3']) {
      expect(await archive.save({ ...sampleReport, id })).toBeUndefined()
    }

    expect(readdirSync(join(folder, 'reports')).toSorted()).toEqual(
      ['d-2', 'd-3'].flatMap((id) => [`${id}.html`, `${id}.json`, `${id}.xml`]),
    )
    expect((await archive.ids()).toSorted()).toEqual(['d-2', 'd-3'])
    expect(await archive.read('d-3', 'json')).toContain('"weekly-cdn"')
    expect(await archive.read('../reports/d-3', 'json')).toBeUndefined()
    expect(await archive.read('d-1', 'html')).toBeUndefined()
  })
})
