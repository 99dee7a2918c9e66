import saxes from 'sax'
import type { ServerReading } from '../../src/plugin/server-reading.ts'

/** What `rtmp_stat` says of the process and of one stream (nginx-rtmp-module, ngx_rtmp_stat_module.c). */
export interface NginxRtmpStat {
  readonly process: Pick<ServerReading, 'process' | 'uptimeSeconds'>
  /** The application is configured. */
  readonly hasApplication: boolean
  /** Absent where nobody publishes or plays under this name. */
  readonly stream?: ServerReading & { readonly isPublishing: boolean }
}

interface Stream {
  name: string
  received: number | undefined
  sent: number | undefined
  dropped: number
  players: number
  publisher: string | undefined
}

/**
 * Reads the XML of `rtmp_stat all`; `undefined` for anything else. It is read leniently: the module
 * writes names and `flashver` as clients sent them. Every `name` is that of its parent, so the stack
 * of open elements tells them apart. Clients carry `dropped` frames; the sum over players is what
 * this server could not send on, and the publisher's own is what it dropped on arrival.
 */
export function readStat(
  xml: string,
  application: string,
  name: string,
): NginxRtmpStat | undefined {
  const stack: string[] = []
  const server: { pid?: string; uptime?: number } = {}
  let isStat = false
  let app = ''
  let hasApplication = false
  let stream: Stream | undefined
  let found: Stream | undefined
  let client: { id: string; dropped: number; isPublisher: boolean } | undefined
  let text = ''

  const sax = saxes.parser(false, { lowercase: true, trim: true })
  sax.onopentag = ({ name: tag }) => {
    stack.push(tag)
    text = ''
    if (stack.length === 1) isStat = tag === 'rtmp'
    const within = stack.slice(0, -1).join('/')
    if (tag === 'application') app = ''
    else if (tag === 'stream' && within.endsWith('/live')) {
      stream = {
        name: '',
        received: undefined,
        sent: undefined,
        dropped: 0,
        players: 0,
        publisher: undefined,
      }
    } else if (tag === 'client') client = { id: '', dropped: 0, isPublisher: false }
    else if (tag === 'publishing' && client !== undefined) client.isPublisher = true
  }
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a parser has no listeners
  sax.ontext = (part) => {
    text += part
  }
  sax.oncdata = (part) => {
    text += part
  }
  sax.onclosetag = (tag) => {
    stack.pop()
    const parent = stack.at(-1)
    if (parent === 'rtmp' && tag === 'pid') server.pid = text
    else if (parent === 'rtmp' && tag === 'uptime') server.uptime = Number(text)
    else if (parent === 'application' && tag === 'name') {
      app = text
      hasApplication ||= app === application
    } else if (parent === 'stream' && stream !== undefined) {
      if (tag === 'name') stream.name = text
      else if (tag === 'bytes_in') stream.received = count(text)
      else if (tag === 'bytes_out') stream.sent = count(text)
      else if (tag === 'client' && client !== undefined) {
        stream.dropped += client.dropped
        if (client.isPublisher) stream.publisher = client.id
        else stream.players += 1
        client = undefined
      }
    } else if (parent === 'client' && client !== undefined) {
      if (tag === 'id') client.id = text
      else if (tag === 'dropped') client.dropped = count(text) ?? 0
    }
    if (tag === 'stream' && stream !== undefined) {
      if (app === application && stream.name === name) found = stream
      stream = undefined
    }
    text = ''
  }
  try {
    sax.write(xml).close()
  } catch {
    return undefined
  }
  if (!isStat) return undefined
  return {
    process: {
      ...(server.pid !== undefined && { process: server.pid }),
      ...(Number.isFinite(server.uptime) && { uptimeSeconds: server.uptime ?? 0 }),
    },
    hasApplication,
    ...(found !== undefined && { stream: readingOf(found) }),
  }
}

function readingOf(stream: Stream): ServerReading & { readonly isPublishing: boolean } {
  return {
    isPublishing: stream.publisher !== undefined,
    clients: stream.players,
    droppedPackets: stream.dropped,
    ...(stream.publisher !== undefined && { session: stream.publisher }),
    ...(stream.received !== undefined && { receivedBytes: stream.received }),
    ...(stream.sent !== undefined && { sentBytes: stream.sent }),
  }
}

function count(text: string): number | undefined {
  const value = Number(text)
  return text !== '' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
