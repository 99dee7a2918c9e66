/** The program that speaks SRT for us. */
export const program = 'srt-live-transmit'

/** What to say where it is not installed. */
export const missingProgram =
  'SRT paths cannot be watched: srt-live-transmit is not installed here (package srt-tools on Debian and Ubuntu).'

/** The program takes values as they stand, so they cannot hold what divides them. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
export const unusable = /[&\u0000-\u001f\u007f]/u

/** Where to call, and with what. */
export interface SrtAddress {
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** `host:port` for people. */
  readonly shown: string
  readonly query: Readonly<Record<string, string>>
}

const known = new Set(['mode', 'streamid', 'passphrase', 'pbkeylen', 'latency', 'packetfilter'])

/** Reads `srt://host:port?streamid=…`; `undefined` where it is none, or asks for what we do not do. */
export function parseSrtUrl(text: string): SrtAddress | undefined {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'srt:' || url.hostname === '') return undefined
  const port = Number(url.port)
  if (!(port > 0) || url.username !== '' || url.password !== '') return undefined
  const query = Object.fromEntries(url.searchParams)
  for (const [name, value] of Object.entries(query)) {
    if (!known.has(name) || unusable.test(value)) return undefined
  }
  if ((query['mode'] ?? 'caller') !== 'caller') return undefined
  const host = url.hostname.replace(/^\[(.*)\]$/u, '$1')
  return { host, port, shown: `${url.hostname}:${port}`, query }
}

interface CallSettings {
  readonly stream_id?: string | undefined
  readonly passphrase?: string | undefined
  readonly latency: number
}

/** The address as the program wants it; options of our own go before those of the URL. */
export function callUri(
  { shown, query }: SrtAddress,
  settings: CallSettings,
  connectMs: number,
): string {
  const { stream_id: streamId, passphrase, latency } = settings
  const values = {
    latency: String(latency),
    ...query,
    mode: 'caller',
    conntimeo: String(Math.round(connectMs)),
    ...(streamId !== undefined && { streamid: streamId }),
    ...(passphrase !== undefined && { passphrase }),
  }
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`)
  return `srt://${shown}?${pairs.join('&')}`
}
