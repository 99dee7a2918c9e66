import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A token that only the owner of its file can read, so that the command line works on this machine. */
export interface OperatorToken {
  readonly file: string
  readonly token: string
}

/**
 * Reads the token file beside the store, or makes it at first start (mode 0600). `undefined` where
 * the folder cannot be written: changes then need a configured token.
 */
export function operatorToken(storeFile: string): OperatorToken | undefined {
  const file = join(dirname(storeFile), 'changeover.token')
  try {
    if (existsSync(file)) {
      const token = readFileSync(file, 'utf8').trim()
      if (token.length >= 16) return { file, token }
    }
    const token = randomBytes(24).toString('base64url')
    writeFileSync(file, `${token}\n`, { mode: 0o600 })
    return { file, token }
  } catch {
    return undefined
  }
}
