import { isRendition, renditionNames, type RenditionName } from '../clip.ts'
import { ChangeoverError } from '../../core/errors.ts'
import type { Wanted } from '../wanted.ts'

/** Where a fault strikes: a server, one stream on it, or one rendition of that. */
export interface Target {
  readonly server: string
  readonly stream?: string
  readonly rendition?: RenditionName
}

/** The names that a target may use. */
export interface TargetNames {
  readonly servers: readonly string[]
  readonly streams: readonly string[]
}

/**
 * Reads `<server>`, `<server>/<stream>` or `<server>/<stream>/<rendition>`. Throws a usage error
 * that lists the names that exist.
 */
export function readTarget(text: string, names: TargetNames): Target {
  const [server = '', stream, rendition, ...more] = text.split('/')
  if (more.length > 0) throw unknown(text, 'target', ['<server>/<stream>/<rendition>'])
  if (!names.servers.includes(server)) throw unknown(server, 'server', names.servers)
  if (stream === undefined) return { server }
  if (!names.streams.includes(stream)) throw unknown(stream, 'stream', names.streams)
  if (rendition === undefined) return { server, stream }
  if (!isRendition(rendition)) throw unknown(rendition, 'rendition', renditionNames)
  return { server, stream, rendition }
}

function unknown(text: string, what: string, known: readonly string[]): ChangeoverError {
  return new ChangeoverError('USAGE', `There is no ${what} ${quoted(text)} in the lab.`, {
    todo: `Use one of: ${known.join(', ')}.`,
  })
}

/** A name from outside, short enough for a sentence. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/** Whether a request to the target's server is struck; `undefined` is a request for nothing known. */
export function strikes({ stream, rendition }: Target, wanted: Wanted | undefined): boolean {
  if (stream === undefined) return true
  if (wanted?.stream !== stream) return false
  if (rendition === undefined) return true
  return 'rendition' in wanted && wanted.rendition === rendition
}
