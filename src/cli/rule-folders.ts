import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ChangeoverError } from '../core/errors.ts'
import { loadRulePacks, type LoadedRulePacks } from '../config/rule-packs.ts'
import type { Cli } from './cli.ts'
import { defaultConfiguration, loadConfiguration } from './configuration.ts'
import type { ExitCode } from './io.ts'

/** A folder with rule files, and the files in it by name. */
export interface RuleFolder {
  readonly folder: string
  readonly isShipped: boolean
  readonly rules: readonly string[]
  readonly tests: readonly string[]
}

/** The cadence that warnings about `for` are measured by where no configuration gives one. */
const usualEveryMs = 5_000

/** The rule packs that come with Changeover, from `src/` as well as from `dist/src/`. */
export function shippedFolder(): RuleFolder {
  const here = dirname(fileURLToPath(import.meta.url))
  const places = [join(here, '../../rules'), join(here, '../../../rules')]
  const folder = places.find((place) => existsSync(place))
  if (folder !== undefined) return readFolder(folder, true)
  throw new ChangeoverError('RULES_INVALID', 'The shipped rules are missing.', {
    todo: 'Install Changeover again.',
  })
}

/**
 * The folder that was named; without one the shipped folder and those of `./changeover.yaml`, where
 * there is one. An exit code where that configuration is wrong and its errors are said.
 */
export function chosenFolders(
  cli: Pick<Cli, 'io' | 'composition'>,
  dir: string | undefined,
): readonly RuleFolder[] | ExitCode {
  const shipped = shippedFolder()
  if (dir !== undefined) {
    return [resolve(dir) === resolve(shipped.folder) ? shipped : readFolder(dir, false)]
  }
  if (!existsSync(defaultConfiguration)) return [shipped]
  const loaded = loadConfiguration(cli.composition, cli.io, defaultConfiguration)
  if (typeof loaded === 'number') return loaded
  const own = loaded.settings.rules.directories.map((each) => readFolder(each, false))
  return [shipped, ...own]
}

/**
 * The packs of a folder, checked, with those of the folders before it, which it may extend: what a
 * watchdog with these folders would have in force.
 */
export function loadPacks(
  { composition }: Cli,
  ...folders: readonly RuleFolder[]
): LoadedRulePacks {
  const files = folders.flatMap(({ rules }) =>
    rules.map((file) => ({ fileName: shownPath(file), text: readFileSync(file, 'utf8') })),
  )
  return loadRulePacks(files, { probes: composition.plugins.probes, everyMs: usualEveryMs })
}

/** A file as a person here would name it. */
export function shownPath(file: string): string {
  const path = relative('.', file)
  return path.startsWith('..') ? file : path
}

function readFolder(folder: string, isShipped: boolean): RuleFolder {
  let names: string[]
  try {
    names = readdirSync(folder).toSorted()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ChangeoverError('USAGE', `The folder ${folder} cannot be read${code}.`, {
      todo: 'Name a folder with rule files: name.yaml and beside it name.test.yaml.',
    })
  }
  const files = names.filter((name) => /\.ya?ml$/u.test(name)).map((name) => join(folder, name))
  const isTest = (file: string) => /\.test\.ya?ml$/u.test(file)
  return {
    folder,
    isShipped,
    rules: files.filter((file) => !isTest(file)),
    tests: files.filter(isTest),
  }
}
