import { readFileSync } from 'node:fs'
import { ChangeoverError } from '../core/errors.ts'
import { clean } from './clean.ts'
import type { Composition, LoadedConfiguration } from './composition.ts'
import { sayAll } from './failure.ts'
import type { ExitCode, Io } from './io.ts'
import { painter } from './paint.ts'

/** The configuration that is taken where none is named. */
export const defaultConfiguration = './changeover.yaml'

/** The text of a configuration file. Throws a configuration error that says what to do. */
export function readConfiguration(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    const isMissing = code === 'ENOENT'
    throw new ChangeoverError(
      'CONFIG_INVALID',
      isMissing ? `There is no file ${file}.` : `The file ${file} cannot be read (${code}).`,
      {
        todo: isMissing
          ? 'Name the configuration, or begin with a copy of changeover.example.yaml; `changeover demo` needs none.'
          : 'Check its permissions.',
      },
    )
  }
}

/** A configuration that is right. */
export type UsableConfiguration = Extract<LoadedConfiguration, { ok: true }>

/** Reads and checks a configuration; where it is wrong, says every error and gives the exit code. */
export function loadConfiguration(
  composition: Composition,
  io: Io,
  file: string,
): UsableConfiguration | ExitCode {
  const loaded = composition.load(readConfiguration(file), file)
  if (loaded.ok) return loaded
  sayErrors(io, file, loaded.errors)
  return 2
}

/** All errors of a configuration, and how many. */
export function sayErrors(io: Io, file: string, errors: readonly string[]): void {
  sayAll(io, errors)
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
  io.err(`${file}: ${count}. Nothing was started or changed.\n`)
}

/** Warnings, one line each. */
export function warningLines(io: Io, warnings: readonly string[]): string {
  const paint = painter(io)
  return warnings.map((text) => `${paint('warn', 'warning:')} ${firstLine(text)}\n`).join('')
}

/** What follows is a quotation of the file; a warning does without. */
function firstLine(text: string): string {
  return clean(text.split('\n', 1)[0] ?? '')
}
