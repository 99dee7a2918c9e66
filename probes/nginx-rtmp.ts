import { z } from 'zod'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { readServer, serverOptions } from '../src/plugin/server-api.ts'
import { serverMeasures } from '../src/plugin/server-reading.ts'
import { readStat } from './nginx-rtmp/stat.ts'

const options = z.strictObject({
  ...serverOptions,
  stat: z
    .string()
    .regex(/^\/[^?#\s]*$/u)
    .default('/stat')
    .describe('The location of `rtmp_stat all` on that server.'),
  application: z.string().min(1).max(256).describe('The application in the `rtmp` block.'),
  stream: z.string().min(1).max(256).describe('The name under which the encoder publishes.'),
})

/** Reads the statistics page of nginx-rtmp: its rates stay 0 for ten seconds, so bytes are counted. */
export default {
  type: 'nginx-rtmp',
  side: 'ingest',
  summary:
    'Reads from nginx-rtmp what its encoder sends: incoming bitrate, drops, clients and restarts.',
  options,
  // The module counts the frames that it could not send to players, yet no others: no ratio follows.
  measures: serverMeasures.filter(
    ({ name }) => name !== 'packet_drop_ratio' && name !== 'incoming_frames_per_second',
  ),
  async *observe(settings, context) {
    const { stat: path, application, stream: name } = settings
    yield* readServer(settings, context, async (api) => {
      const asked = await api.ask({ path, headers: { accept: 'text/xml' } })
      if (!asked.ok) return asked
      const stat = readStat(asked.answer.body.toString(), application, name)
      if (stat === undefined) {
        const reason = `${path} is no statistics page of nginx-rtmp: nothing is known of the stream. Set rtmp_stat all there.`
        return { ok: false, outcome: 'unknown', reason }
      }
      const { process: server, hasApplication, stream } = stat
      if (!hasApplication) {
        const reason = `nginx-rtmp has no application ${application}: nothing is known of the stream.`
        return { ok: false, outcome: 'unknown', reason }
      }
      if (stream?.isPublishing !== true) {
        const reason = `nobody publishes the stream to the application ${application}.`
        return { ok: false, outcome: 'fail', reason, diagnosis: 'ingest-lost', reading: server }
      }
      const { isPublishing: _, ...reading } = stream
      return { ok: true, reading: { ...server, ...reading } }
    })
  },
} satisfies ProbePlugin<typeof options>
