import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ChangeoverError } from '../core/errors.ts'
import type { RulePack } from '../core/rule.ts'
import { loadRuleFile } from '../config/rule-file.ts'
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

/** The packs of a folder, or every error in its rule files. */
export type LoadedPacks =
  | { readonly ok: true; readonly packs: readonly RulePack[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] }

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
export function chosenFolders(cli: Cli, dir: string | undefined): readonly RuleFolder[] | ExitCode {
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

/** Every pack of a folder, checked. */
export function loadPacks({ composition }: Cli, { rules }: RuleFolder): LoadedPacks {
  const packs: RulePack[] = []
  const warnings: string[] = []
  const errors: string[] = []
  for (const file of rules) {
    const loaded = loadRuleFile({
      text: readFileSync(file, 'utf8'),
      fileName: shownPath(file),
      probes: composition.plugins.probes,
      everyMs: usualEveryMs,
    })
    if (loaded.ok) {
      packs.push(loaded.pack)
      warnings.push(...loaded.warnings)
    } else {
      errors.push(...loaded.errors)
    }
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, packs, warnings }
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
