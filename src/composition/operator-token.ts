import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A token that only the owner of its file can read, so that the command line works on this machine. */
export interface OperatorToken {
  readonly file: string
  readonly token: string
}

const shortestToken = 16
/** Permissions of group and others; a file that shows any is no secret of its owner. */
const permissionsOfOthers = 0o077

/**
 * Reads the token file beside the store, or makes it at first start (mode 0600). One that others
 * can read is replaced, because they may have read it. `undefined` where the folder cannot be
 * written: changes then need a configured token.
 */
export function operatorToken(storeFile: string): OperatorToken | undefined {
  const file = join(dirname(storeFile), 'changeover.token')
  try {
    const known = knownToken(file)
    if (known !== undefined) return { file, token: known }
    const token = randomBytes(24).toString('base64url')
    // A file that exists already would keep its own mode.
    rmSync(file, { force: true })
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' })
    return { file, token }
  } catch {
    return undefined
  }
}

function knownToken(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  // Windows has no such permissions: it shows every file as readable by all.
  const isExposed = process.platform !== 'win32' && (stat.mode & permissionsOfOthers) !== 0
  if (isExposed) return undefined
  const token = readFileSync(file, 'utf8').trim()
  return token.length >= shortestToken ? token : undefined
}
