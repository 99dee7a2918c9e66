import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DrillReport } from '../../core/drill-report.ts'
import { reportHtml } from './report-html.ts'
import { reportJunit } from './report-junit.ts'

/** The forms in which a report is kept. */
export type ReportForm = 'json' | 'html' | 'xml'

/** Where reports of drills are kept. */
export interface DrillArchive {
  /** Keeps a report in every form; where that fails, why. */
  save(report: DrillReport): Promise<string | undefined>
  /** A report as it was kept; `undefined` where there is none of that name. */
  read(id: string, form: ReportForm): Promise<string | undefined>
  /** Ids of the reports that are kept. */
  ids(): Promise<readonly string[]>
}

const forms: readonly ReportForm[] = ['json', 'html', 'xml']
const idForm = /^[0-9A-Za-z][0-9A-Za-z-]{0,99}$/u

/** Keeps the newest reports in a folder: `<id>.json`, `.html` and `.xml`. Ids sort by time. */
export function folderArchive(directory: string, keep: number): DrillArchive {
  return {
    async save(report) {
      if (!idForm.test(report.id)) return `${report.id} is no name of a report`
      const texts: Readonly<Record<ReportForm, string>> = {
        json: `${JSON.stringify(report, undefined, 2)}\n`,
        html: reportHtml(report),
        xml: reportJunit(report),
      }
      try {
        await mkdir(directory, { recursive: true })
        for (const form of forms) {
          const file = join(directory, `${report.id}.${form}`)
          // A reader never sees half a report.
          await writeFile(`${file}.new`, texts[form])
          await rename(`${file}.new`, file)
        }
        await removeOldest(directory, keep)
        return undefined
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    },
    async read(id, form) {
      if (!idForm.test(id)) return undefined
      return await readFile(join(directory, `${id}.${form}`), 'utf8').catch(() => undefined)
    },
    async ids() {
      const names = await readdir(directory).catch((): string[] => [])
      return names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []))
    },
  }
}

async function removeOldest(directory: string, keep: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).toSorted()
  for (const name of names.slice(0, Math.max(0, names.length - keep))) {
    for (const form of forms) {
      await unlink(join(directory, name.replace(/json$/u, form))).catch(() => {})
    }
  }
}
