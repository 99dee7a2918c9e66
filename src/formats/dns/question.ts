import { isDomainName } from './name.ts'

/** Record types that can be asked for: those that steer viewers and encoders, and what tests use. */
export const recordTypes = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT'] as const

export type RecordType = (typeof recordTypes)[number]

/** What is asked. */
export interface Question {
  /** Lower case, without the final dot. */
  readonly name: string
  readonly type: RecordType
}

/** A name server: an address or a name, and its port. */
export interface Server {
  readonly host: string
  readonly port: number
  /** As it stands in a sentence. */
  readonly shown: string
}

/**
 * The question in a `dns:` URL (RFC 4501, with the name also where other URLs have it):
 * `dns://live.example?type=AAAA`, or `dns://192.0.2.53/live.example` with a resolver to ask.
 * `undefined` for anything else.
 */
export function parseDnsUrl(
  text: string,
): { readonly question: Question; readonly resolver?: Server } | undefined {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'dns:') return undefined
  const path = url.pathname.replace(/^\//u, '')
  const name = (path === '' ? url.hostname : path).toLowerCase().replace(/\.$/u, '')
  const asked = (url.searchParams.get('type') ?? 'A').toUpperCase()
  const type = recordTypes.find((each) => each === asked)
  if (type === undefined || !isDomainName(name)) return undefined
  const question = { name, type }
  if (path === '' || url.host === '') return { question }
  const resolver = parseServer(url.host)
  return resolver === undefined ? undefined : { question, resolver }
}

/** A server as `host`, `host:port`, `2001:db8::1` or `[2001:db8::1]:53`; `undefined` for anything else. */
export function parseServer(text: string): Server | undefined {
  const bare = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/iu.test(text)
  const found = bare
    ? { host: text, port: undefined }
    : /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<host>[^\s:[\]/]+))(?::(?<port>\d{1,5}))?$/iu.exec(text)
        ?.groups
  if (found === undefined) return undefined
  const host = found.host ?? ('six' in found ? found.six : undefined)
  const port = Number(found.port ?? 53)
  if (host === undefined || port < 1 || port > 65_535) return undefined
  if (!host.includes(':') && !isDomainName(host.toLowerCase().replace(/\.$/u, ''))) return undefined
  return { host, port, shown: port === 53 ? host : text }
}
