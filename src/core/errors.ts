import { redactText } from './redact.ts'

/**
 * The closed list of errors that cross a boundary (command line, API, start-up), each with what to
 * do about it and whether trying again may help. Names are never reused; they become label values
 * and exit codes.
 */
export const errorCodes = {
  STORE_UNAVAILABLE: {
    retry: true,
    todo: 'Check that the folder of the store exists, is writable and has free space, and that no other program locks the file.',
  },
  STORE_DAMAGED: {
    retry: false,
    todo: 'Keep a copy of the file, run `changeover journal verify` on it, and start with a restored or new store.',
  },
  STORE_TOO_NEW: {
    retry: false,
    todo: 'A newer version of Changeover wrote this store: run that version, or restore the copy made before the upgrade.',
  },
  CONFIG_INVALID: {
    retry: false,
    todo: 'Correct the configuration where the message points, then run `changeover check`.',
  },
  RULES_INVALID: {
    retry: false,
    todo: 'Correct the rule file where the message points, then run `changeover rules test`.',
  },
  USAGE: { retry: false, todo: 'See the command with `--help`.' },
  NOT_FOUND: {
    retry: false,
    todo: 'Check the name: groups are called `<stream>/<group>`; `changeover status` lists them.',
  },
  REFUSED: { retry: false, todo: 'The message says which guard or state refused it.' },
  LISTEN_FAILED: {
    retry: true,
    todo: 'Choose another address under `listen`, or end the program that uses this one.',
  },
  UNREACHABLE: {
    retry: true,
    todo: 'Check that `changeover run` is running and that the address and token are right.',
  },
} as const satisfies Record<string, { readonly retry: boolean; readonly todo: string }>

export type ErrorCode = keyof typeof errorCodes

/**
 * An error with a code of the closed list. `message` says what happened. URLs in it, and in the
 * cause, are redacted; of the cause only its sentence is kept, because libraries put requests and
 * credentials into their error objects.
 */
export class ChangeoverError extends Error {
  readonly code: ErrorCode
  /** What to do, for people. */
  readonly todo: string
  /** Whether the same call may succeed later. */
  readonly retry: boolean
  declare readonly cause: string | undefined

  constructor(
    code: ErrorCode,
    says: string,
    more: { readonly todo?: string; readonly cause?: unknown } = {},
  ) {
    super(redactText(says), more.cause === undefined ? {} : { cause: sentenceOf(more.cause) })
    this.name = 'ChangeoverError'
    this.code = code
    this.todo = more.todo ?? errorCodes[code].todo
    this.retry = errorCodes[code].retry
  }
}

function sentenceOf(cause: unknown): string {
  return redactText(cause instanceof Error ? cause.message : String(cause))
}
