import type { Cli } from './cli.ts'
import { warningLines } from './configuration.ts'
import { sayAll } from './failure.ts'
import type { ExitCode } from './io.ts'
import { painter } from './paint.ts'
import { chosenFolders, loadPacks, shippedFolder, shownPath } from './rule-folders.ts'
import { textTable } from './text-table.ts'

/** Checks rule files and says what is wrong in them; 2 where anything is. */
export async function checkRules(cli: Cli, dir: string | undefined): Promise<ExitCode> {
  const { io } = cli
  const folders = chosenFolders(cli, dir)
  if (typeof folders === 'number') return folders
  let code: ExitCode = 0
  for (const folder of folders) {
    const loaded = loadPacks(cli, ...(folder.isShipped ? [] : [shippedFolder()]), folder)
    if (!loaded.ok) {
      sayAll(io, loaded.errors)
      code = 2
      continue
    }
    const rows = folder.rules.map((file) => {
      const pack = loaded.read.get(shownPath(file))
      const test = file.replace(/\.ya?ml$/u, '.test.yaml')
      const hasTest = folder.tests.includes(test)
      return [
        painter(io)('good', 'right'),
        shownPath(file),
        `${pack?.rules.length ?? 0} rules${pack?.extends === undefined ? '' : `, those of ${pack.extends} in their place`}${hasTest ? '' : `, no scenarios: ${shownPath(test)} is missing`}`,
      ]
    })
    if (rows.length === 0) io.out(`${folder.folder} has no rule files\n`)
    io.out(textTable(rows, { width: io.width }))
    io.out(warningLines(io, loaded.warnings))
  }
  return code
}
