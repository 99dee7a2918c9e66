/** Where a stream is played from, as RTMP wants it said. */
export interface RtmpAddress {
  readonly isSecure: boolean
  /** A name, or an address; IPv6 in brackets. */
  readonly host: string
  readonly port: number
  /** With its query, where the URL has one there. */
  readonly app: string
  /** The name that is played, with its query: a credential. */
  readonly stream: string
  /** What the connect command calls the server: no credential and no stream. */
  readonly tcUrl: string
  /** User and password of the URL; empty where it has none. */
  readonly user: string
  readonly password: string
}

const defaultPorts = { 'rtmp:': 1935, 'rtmps:': 443 } as const

/**
 * Takes an RTMP URL apart: `rtmp://host/app/stream`, where the application is everything up to the
 * last slash, or what `app` says. A query belongs to the stream, or to the application where a slash
 * follows it (`rtmp://host/app?token=x/stream`). Nothing is decoded: servers compare names as they
 * stand. `undefined` where host, application or stream is missing.
 */
export function parseAddress(url: string, app?: string): RtmpAddress | undefined {
  const parsed = URL.parse(url)
  const scheme = parsed?.protocol
  if (parsed === null || (scheme !== 'rtmp:' && scheme !== 'rtmps:')) return undefined
  // The parser would encode what servers want as it was written.
  const [, path = ''] = /^[a-z]+:\/\/[^/?#]*\/(.*)$/isu.exec(url) ?? []
  const split = app === undefined ? splitAtLastSlash(path) : splitAfter(path, app)
  const port = parsed.port === '' ? defaultPorts[scheme] : Number(parsed.port)
  if (split === undefined || parsed.hostname === '' || port === 0) return undefined
  return {
    isSecure: scheme === 'rtmps:',
    host: parsed.hostname,
    port,
    ...split,
    tcUrl: tcUrlOf(scheme, parsed.hostname, port, split.app),
    user: unescaped(parsed.username),
    password: unescaped(parsed.password),
  }
}

/**
 * Where a server sends its callers (Enhanced RTMP, "Reconnect Request"): the URL of an application,
 * absolute or relative to the present one. The same stream is played there. Says why where it must
 * not be obeyed.
 */
export function movedAddress(
  from: RtmpAddress,
  tcUrl: string,
): RtmpAddress | { readonly refused: string } {
  const url = URL.parse(tcUrl, from.tcUrl)
  if (url === null || (url.protocol !== 'rtmp:' && url.protocol !== 'rtmps:')) {
    return notObeyed('something that is no RTMP address')
  }
  const isSecure = url.protocol === 'rtmps:'
  if (from.isSecure && !isSecure) return notObeyed('a connection without TLS')
  const app = `${url.pathname}${url.search}`.replaceAll(/^\/+|\/+$/gu, '')
  if (url.hostname === '' || url.port === '0') return notObeyed('an address without host or port')
  const port = url.port === '' ? defaultPorts[url.protocol] : Number(url.port)
  const wanted = app === '' ? from.app : app
  return {
    ...from,
    isSecure,
    host: url.hostname,
    port,
    app: wanted,
    tcUrl: tcUrlOf(url.protocol, url.hostname, port, wanted),
  }
}

/** The same place with other parameters of the application, as authentication wants them. */
export function withParameters(from: RtmpAddress, parameters: string): RtmpAddress {
  const app = `${from.app.replace(/\?.*$/su, '')}?${parameters}`
  const scheme = from.isSecure ? 'rtmps:' : 'rtmp:'
  return { ...from, app, tcUrl: tcUrlOf(scheme, from.host, from.port, app) }
}

function notObeyed(where: string): { readonly refused: string } {
  return { refused: `The server sends its callers to ${where}, which is not obeyed.` }
}

function splitAtLastSlash(path: string): { app: string; stream: string } | undefined {
  const query = path.indexOf('?')
  const names = query < 0 ? path : path.slice(0, query)
  const inApp = !names.includes('/')
  const slash = inApp ? path.lastIndexOf('/') : names.lastIndexOf('/')
  return slash > 0 ? notEmpty(path.slice(0, slash), path.slice(slash + 1)) : undefined
}

function splitAfter(path: string, app: string): { app: string; stream: string } | undefined {
  const own = path.startsWith(`${app}/`) ? path.slice(app.length + 1) : path
  return notEmpty(app, own)
}

function notEmpty(app: string, stream: string): { app: string; stream: string } | undefined {
  return app === '' || stream === '' ? undefined : { app, stream }
}

function tcUrlOf(scheme: string, host: string, port: number, app: string): string {
  return `${scheme}//${host}:${port}/${app}`
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
