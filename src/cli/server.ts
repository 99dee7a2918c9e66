import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ChangeoverError } from '../core/errors.ts'
import { redactUrl } from '../core/redact.ts'
import type { Composition } from './composition.ts'

/** Where a running watchdog is, and who asks, as options give it. */
export interface ServerOptions {
  readonly url?: string
  readonly token?: string
  readonly tokenFile?: string
}

/** The address of a running watchdog's API and the token for it. */
export interface Server {
  /** Without a slash at the end. */
  readonly url: string
  readonly token: string | undefined
}

const defaultUrl = 'http://127.0.0.1:8642'
const defaultTokenFile = 'changeover.token'

/** Adds the options that say which watchdog to ask. */
export function serverOptions(command: Command): Command {
  return command
    .option('--url <url>', `the watchdog (CHANGEOVER_URL, else ${defaultUrl})`)
    .option('--token <token>', 'its token (CHANGEOVER_TOKEN keeps it out of the process list)')
    .option(
      '--token-file <file>',
      `file with the token (else ./${defaultTokenFile}, for a watchdog on this machine)`,
    )
}

/** Options before environment before defaults. Throws a usage error for what cannot be used. */
export function findServer(options: ServerOptions, { environment }: Composition): Server {
  const given = options.url ?? (environment('CHANGEOVER_URL') || undefined) ?? defaultUrl
  const url = URL.parse(given)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ChangeoverError('USAGE', `"${redactUrl(given)}" is no address of a watchdog.`, {
      todo: `Give an http or https URL, such as ${defaultUrl}.`,
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new ChangeoverError('USAGE', 'The address of the watchdog carries a user or password.', {
      todo: 'Leave them out; a token is given with --token-file or CHANGEOVER_TOKEN.',
    })
  }
  const token = options.token ?? fromFile(options.tokenFile) ?? environment('CHANGEOVER_TOKEN')
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/u, '')}`,
    token: checked(token || localToken(url)),
  }
}

function fromFile(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ChangeoverError('USAGE', `The token file ${file} cannot be read${code}.`, {
      todo: 'It lies beside the store of the watchdog and belongs to the user who runs it.',
    })
  }
}

/** The token of this machine goes to this machine only. */
function localToken(url: URL): string | undefined {
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(url.hostname)
  if (!isLocal || !existsSync(defaultTokenFile)) return undefined
  try {
    return readFileSync(defaultTokenFile, 'utf8').trim()
  } catch {
    // Somebody else's file: reading may be open without a token.
    return undefined
  }
}

function checked(token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined
  if (/^[\u0021-\u007e]{1,4096}$/u.test(token)) return token
  throw new ChangeoverError('USAGE', 'The token has characters that no token has.', {
    todo: 'Use it as it stands in the configuration or in the token file.',
  })
}
