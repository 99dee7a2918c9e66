import { z } from 'zod'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { readServer, serverOptions, type ServerApi } from '../src/plugin/server-api.ts'
import {
  serverMeasures,
  type ServerAnswer,
  type ServerReading,
} from '../src/plugin/server-reading.ts'

const options = z.strictObject({
  ...serverOptions,
  path: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^/?#]+(?:\/[^/?#]+)*$/u)
    .describe('The path of the stream in MediaMTX, such as `live/channel-1`.'),
})

const infoAnswer = z.object({ started: z.string().optional() })

/** What we keep of a path. Names before version 1.16 are those that its API calls deprecated. */
const pathAnswer = z.object({
  available: z.boolean().optional(),
  ready: z.boolean().optional(),
  inboundBytes: z.number().optional(),
  bytesReceived: z.number().optional(),
  outboundBytes: z.number().optional(),
  bytesSent: z.number().optional(),
  source: z.object({ id: z.string().default(''), type: z.string() }).nullish(),
  readers: z.array(z.unknown()).optional(),
})

const srtAnswer = z.object({
  packetsReceivedUnique: z.number().optional(),
  packetsReceivedDrop: z.number().optional(),
})

/** Reads the control API of MediaMTX; packets and drops where the publisher comes over SRT. */
export default {
  type: 'mediamtx',
  side: 'ingest',
  summary:
    'Reads from the API of MediaMTX what its source sends: bitrate, SRT drops, readers and restarts.',
  options,
  measures: serverMeasures.filter(({ name }) => name !== 'incoming_frames_per_second'),
  async *observe(settings, context) {
    const { clock } = context
    yield* readServer(settings, context, (api) => readPath(api, settings.path, clock.wall()))
  },
} satisfies ProbePlugin<typeof options>

async function readPath(api: ServerApi, name: string, wall: number): Promise<ServerAnswer> {
  const info = await api.json({ path: '/v3/info', statuses: [200, 404] }, infoAnswer)
  if (!info.ok) return info
  const server = processOf(info.value.started, wall)
  const encoded = name.split('/').map(encodeURIComponent).join('/')
  const path = await api.json(
    { path: `/v3/paths/get/${encoded}`, statuses: [200, 404] },
    pathAnswer,
  )
  if (!path.ok) return path
  const { available, ready, source } = path.value
  if (source === undefined || source === null || !(available ?? ready ?? false)) {
    // The name of the path is what one publishes under, so it stands in no sentence.
    const reason =
      source === undefined || source === null
        ? 'nobody publishes to the path in MediaMTX.'
        : `the source of the path in MediaMTX (${source.type}) delivers nothing.`
    return { ok: false, outcome: 'fail', reason, diagnosis: 'ingest-lost', reading: server }
  }
  const received = path.value.inboundBytes ?? path.value.bytesReceived
  const sent = path.value.outboundBytes ?? path.value.bytesSent
  const { readers } = path.value
  return {
    ok: true,
    reading: {
      ...server,
      session: source.id,
      ...(source.type === 'srtConn' && (await readSrt(api, source.id))),
      ...(received !== undefined && { receivedBytes: received }),
      ...(sent !== undefined && { sentBytes: sent }),
      ...(readers !== undefined && { clients: readers.length }),
    },
  }
}

/** The start names the process; a server without it (before 1.15) shows no restart. */
function processOf(started: string | undefined, wall: number): ServerReading {
  if (started === undefined) return {}
  const at = Date.parse(started)
  if (Number.isNaN(at)) return { process: started }
  return { process: started, uptimeSeconds: Math.max(0, (wall - at) / 1_000) }
}

/** Absent rather than wrong where the connection has just ended or the API hides it. */
async function readSrt(api: ServerApi, id: string): Promise<ServerReading> {
  const asked = await api.json({ path: `/v3/srtconns/get/${encodeURIComponent(id)}` }, srtAnswer)
  if (!asked.ok) return {}
  const { packetsReceivedUnique: received, packetsReceivedDrop: dropped } = asked.value
  return {
    ...(received !== undefined && { receivedPackets: received }),
    ...(dropped !== undefined && { droppedPackets: dropped }),
  }
}
