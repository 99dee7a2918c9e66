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
  vhost: z
    .string()
    .min(1)
    .max(256)
    .default('__defaultVhost__')
    .describe('The vhost; asked for only where two of them carry a stream of the same name.'),
  app: z.string().min(1).max(256).describe('The app of the stream.'),
  stream: z.string().min(1).max(256).describe('The name under which the encoder publishes.'),
})

/** What we keep of `/api/v1/streams` (SRS 4 to 7, srs_app_statistic.cpp, SrsStatisticStream::dumps). */
const streamsAnswer = z.object({
  code: z.number(),
  service: z.string().optional(),
  pid: z.union([z.string(), z.number()]).optional(),
  streams: z
    .array(
      z.object({
        name: z.string(),
        app: z.string(),
        vhost: z.string().optional(),
        clients: z.number().optional(),
        frames: z.number().optional(),
        send_bytes: z.number().optional(),
        recv_bytes: z.number().optional(),
        publish: z.object({ active: z.boolean(), cid: z.string().optional() }).optional(),
      }),
    )
    .optional(),
})

const vhostsAnswer = z.object({
  code: z.number(),
  vhosts: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
})

const summariesAnswer = z.object({
  code: z.number(),
  data: z.object({ self: z.object({ srs_uptime: z.number().optional() }).optional() }).optional(),
})

/** Without `count` SRS lists ten streams. */
const pageSize = 1_000
const maxPages = 20

/** Reads the HTTP API of SRS; it counts no drops, and answers errors with status 200 and a code. */
export default {
  type: 'srs',
  side: 'ingest',
  summary: 'Reads from the HTTP API of SRS what its encoder sends: bitrate, clients and restarts.',
  options,
  measures: serverMeasures.filter(({ name }) => !name.startsWith('packet')),
  async *observe(settings, context) {
    yield* readServer(settings, context, (api) => readStream(api, settings))
  },
} satisfies ProbePlugin<typeof options>

async function readStream(
  api: ServerApi,
  { app, stream: name, vhost }: z.output<typeof options>,
): Promise<ServerAnswer> {
  const summaries = await api.json({ path: '/api/v1/summaries' }, summariesAnswer)
  if (!summaries.ok) return summaries
  const uptime = summaries.value.data?.self?.srs_uptime
  let server: ServerReading = uptime === undefined ? {} : { uptimeSeconds: uptime }
  const matches: NonNullable<z.output<typeof streamsAnswer>['streams']> = []
  for (let page = 0; page < maxPages; page += 1) {
    const path = `/api/v1/streams/?start=${page * pageSize}&count=${pageSize}`
    const asked = await api.json({ path }, streamsAnswer)
    if (!asked.ok) return asked
    const { code, service, pid, streams } = asked.value
    if (code !== 0 || streams === undefined) {
      const reason = `SRS answers with error code ${code}: nothing is known of the stream.`
      return { ok: false, outcome: 'unknown', reason }
    }
    if (service !== undefined || pid !== undefined) {
      server = { ...server, process: `${service ?? ''} ${pid ?? ''}` }
    }
    matches.push(...streams.filter((each) => each.app === app && each.name === name))
    if (streams.length < pageSize) break
  }
  const found =
    matches.length < 2
      ? { ok: true as const, match: matches[0] }
      : await ofVhost(api, matches, vhost)
  if (!found.ok) return found
  const { match } = found
  if (match?.publish?.active !== true) {
    const reason = `nobody publishes the stream to the app ${app}.`
    return { ok: false, outcome: 'fail', reason, diagnosis: 'ingest-lost', reading: server }
  }
  return {
    ok: true,
    reading: {
      ...server,
      ...(match.publish.cid !== undefined && { session: match.publish.cid }),
      ...(match.recv_bytes !== undefined && { receivedBytes: match.recv_bytes }),
      ...(match.send_bytes !== undefined && { sentBytes: match.send_bytes }),
      ...(match.frames !== undefined && { frames: match.frames }),
      // The publisher is a client too.
      ...(match.clients !== undefined && { clients: Math.max(0, match.clients - 1) }),
    },
  }
}

async function ofVhost<Match extends { readonly vhost?: string | undefined }>(
  api: ServerApi,
  matches: readonly Match[],
  vhost: string,
): Promise<
  { readonly ok: true; readonly match: Match | undefined } | Extract<ServerAnswer, { ok: false }>
> {
  const asked = await api.json({ path: `/api/v1/vhosts/?count=${pageSize}` }, vhostsAnswer)
  if (!asked.ok) return asked
  const id = asked.value.vhosts.find(({ name }) => name === vhost)?.id
  return { ok: true, match: matches.find((match) => match.vhost === id) }
}
