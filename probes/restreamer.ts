import { z } from 'zod'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { readServer, serverOptions, type ServerApi } from '../src/plugin/server-api.ts'
import {
  serverMeasures,
  type ServerAnswer,
  type ServerReading,
} from '../src/plugin/server-reading.ts'

const options = z
  .strictObject({
    ...serverOptions,
    process: z.string().min(1).max(256).describe('The id of the process in datarhei Core.'),
    username: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('User of the API; absent where it asks for no login.'),
    password: z.string().min(1).max(1_024).optional().describe('Password of that user.'),
  })
  .refine(
    ({ username, password }) => (username === undefined) === (password === undefined),
    'expected username and password together, or neither',
  )

const loginAnswer = z.object({ access_token: z.string().min(1) })

/** What we keep of a process's state (datarhei Core 16, `api.ProcessState`). */
const stateAnswer = z.object({
  order: z.string(),
  exec: z.string(),
  runtime_seconds: z.number().optional(),
  reconnect_seconds: z.number().optional(),
  progress: z
    .object({
      frame: z.number().optional(),
      drop: z.number().optional(),
      inputs: z
        .array(z.object({ size_kb: z.number().optional(), bitrate_kbit: z.number().optional() }))
        .nullish(),
    })
    .nullish(),
})

/** Reads the API of datarhei Core, which Restreamer is built on: one FFmpeg process a stream. */
export default {
  type: 'restreamer',
  side: 'ingest',
  summary:
    'Reads from Restreamer (datarhei Core) how a process runs: incoming bitrate, dropped frames, restarts.',
  options,
  measures: serverMeasures.filter(
    ({ name }) => name !== 'clients' && name !== 'outgoing_bits_per_second',
  ),
  async *observe(settings, context) {
    const session = { token: undefined as string | undefined }
    yield* readServer(settings, context, (api) => readProcess(api, settings, session))
  },
} satisfies ProbePlugin<typeof options>

async function readProcess(
  api: ServerApi,
  settings: z.output<typeof options>,
  session: { token: string | undefined },
): Promise<ServerAnswer> {
  const { process: id, username, password } = settings
  const question = () => ({
    path: `/api/v3/process/${encodeURIComponent(id)}/state`,
    statuses: [200, 401, 404],
    ...(session.token !== undefined && { headers: { authorization: `Bearer ${session.token}` } }),
  })
  const login = async (): Promise<ServerAnswer | undefined> => {
    const asked = await api.json(
      {
        path: '/api/login',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username, password }),
      },
      loginAnswer,
    )
    if (!asked.ok) return asked
    session.token = asked.value.access_token
    return undefined
  }
  const mayLogIn = username !== undefined
  if (mayLogIn && session.token === undefined) {
    const refused = await login()
    if (refused !== undefined) return refused
  }
  let asked = await api.ask(question())
  // Tokens live for minutes: an expired one is renewed within the same look, once.
  if (mayLogIn && asked.ok && asked.answer.status === 401) {
    const refused = await login()
    if (refused !== undefined) return refused
    asked = await api.ask(question())
  }
  if (!asked.ok) return asked
  if (asked.answer.status === 401) {
    session.token = undefined
    const reason = `Restreamer refuses our login: nothing is known of the stream. Set username and password.`
    return { ok: false, outcome: 'unknown', reason }
  }
  if (asked.answer.status === 404) {
    const reason = `Restreamer has no process ${id}: nothing is known of the stream.`
    return { ok: false, outcome: 'unknown', reason }
  }
  return judge(asked.answer.body, id)
}

function judge(body: Buffer, id: string): ServerAnswer {
  const state = parse(body)
  if (state === undefined) {
    const reason = `Restreamer answers something that is no state of a process: nothing is known of the stream.`
    return { ok: false, outcome: 'unknown', reason }
  }
  if (state.exec !== 'running') {
    const again =
      state.order === 'start' && (state.reconnect_seconds ?? -1) > 0
        ? `; it starts again in ${state.reconnect_seconds} s`
        : ''
    const reason = `the process ${id} is ${state.exec} (ordered: ${state.order})${again}.`
    return { ok: false, outcome: 'fail', reason, diagnosis: 'ingest-lost' }
  }
  return { ok: true, reading: readingOf(state) }
}

function parse(body: Buffer): z.output<typeof stateAnswer> | undefined {
  try {
    return stateAnswer.safeParse(JSON.parse(body.toString())).data
  } catch {
    return undefined
  }
}

function readingOf(state: z.output<typeof stateAnswer>): ServerReading {
  const { frame, drop, inputs } = state.progress ?? {}
  const sum = (numbers: readonly (number | undefined)[]) =>
    numbers.some((number) => number !== undefined)
      ? numbers.reduce<number>((total, number) => total + (number ?? 0), 0)
      : undefined
  const kilobytes = sum((inputs ?? []).map(({ size_kb: size }) => size))
  const kilobits = sum((inputs ?? []).map(({ bitrate_kbit: rate }) => rate))
  return {
    ...(state.runtime_seconds !== undefined && { uptimeSeconds: state.runtime_seconds }),
    ...(frame !== undefined && { frames: frame, receivedPackets: frame }),
    ...(drop !== undefined && { droppedPackets: drop }),
    // Core divides bytes and bits alike by 1,024 (http/api/progress.go).
    ...(kilobytes !== undefined && { receivedBytes: kilobytes * 1_024 }),
    ...(kilobits !== undefined && { receivedBitsPerSecond: kilobits * 1_024 }),
  }
}
