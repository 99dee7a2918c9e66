/** Where the values of `${NAME}` and `${file:path}` come from. */
export interface SecretSources {
  readonly environment: (name: string) => string | undefined
  /** The text of a file. May throw, for instance because the file does not exist. */
  readonly readFile: (path: string) => string
}

/** A scalar after substitution. */
export interface Substituted {
  readonly text: string
  /** What was put in. Treated as secret everywhere. */
  readonly parts: readonly string[]
  /** One sentence for each reference that has no value. They name the reference, never a value. */
  readonly problems: readonly string[]
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/gu
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/u
const maxLength = 65_536

/**
 * Replaces `${NAME}` by the environment variable and `${file:path}` by the file's text without its
 * final line break; `$${` stands for a literal `${`. What is put in is not looked at again. Works on
 * one parsed scalar, so that a value can never add keys or change the structure of the file.
 */
export function substitute(text: string, sources: SecretSources): Substituted {
  const parts: string[] = []
  const problems: string[] = []
  const result = text.replaceAll(reference, (whole, name: string | undefined, end: string) => {
    if (name === undefined) return '${'
    const found = end === '' ? { problem: 'is not closed with }' } : lookUp(name, sources)
    if (found.value === undefined) {
      problems.push(`${whole.length > 200 ? `${whole.slice(0, 200)}…` : whole}: ${found.problem}`)
      return ''
    }
    parts.push(found.value)
    return found.value
  })
  return { text: result, parts, problems }
}

type Found =
  | { readonly value: string; readonly problem?: never }
  | { readonly value?: never; readonly problem: string }

function lookUp(name: string, sources: SecretSources): Found {
  if (name.startsWith('file:')) return readSecretFile(name.slice('file:'.length), sources)
  if (!variableName.test(name)) return { problem: 'expected ${NAME} or ${file:path}' }
  const value = sources.environment(name)
  if (value === undefined) return { problem: `the environment variable ${name} is not set` }
  return value.length > maxLength ? { problem: 'is longer than 64 KiB' } : { value }
}

function readSecretFile(path: string, sources: SecretSources): Found {
  if (path === '') return { problem: 'names no file' }
  try {
    const text = sources.readFile(path)
    if (text.length > maxLength) return { problem: 'is longer than 64 KiB' }
    return { value: text.replace(/\r?\n$/u, '') }
  } catch (error) {
    // Only the code: a message may quote what it read.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return { problem: `the file cannot be read${code}` }
  }
}
