import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { z } from 'zod'
import { proof } from '../../src/actuators/obs/session.ts'
import type { TargetFault } from '../contract/actuator-contract.ts'

export const obsPassword = 'password-of-obs'
const salt = 'salt+of/obs='
const challenge = 'challenge+of/obs='

const service = z.strictObject({
  streamServiceType: z.literal('rtmp_custom'),
  streamServiceSettings: z.strictObject({
    server: z.string(),
    key: z.string(),
    use_auth: z.literal(false),
  }),
})

const slot = { realm: z.literal('OBS_WEBSOCKET_DATA_REALM_GLOBAL'), slotName: z.string() }

/** What may be asked, as protocol.md of obs-websocket 5.1 has it; anything else fails the test. */
const request = z.discriminatedUnion('requestType', [
  z.strictObject({ requestType: z.literal('GetStreamServiceSettings') }),
  z.strictObject({ requestType: z.literal('GetStreamStatus') }),
  z.strictObject({ requestType: z.literal('StopStream') }),
  z.strictObject({ requestType: z.literal('StartStream') }),
  z.strictObject({ requestType: z.literal('SetStreamServiceSettings'), requestData: service }),
  z.strictObject({
    requestType: z.literal('GetPersistentData'),
    requestData: z.strictObject(slot),
  }),
  z.strictObject({
    requestType: z.literal('SetPersistentData'),
    requestData: z.strictObject({ ...slot, slotValue: z.unknown() }),
  }),
])
type ObsRequest = z.output<typeof request>

const identify = z.strictObject({
  rpcVersion: z.literal(1),
  eventSubscriptions: z.literal(0),
  authentication: z.string().optional(),
})
const single = z.looseObject({ requestId: z.string().min(1) })
const batch = z.strictObject({
  requestId: z.string().min(1),
  haltOnFailure: z.literal(true),
  executionType: z.literal(0),
  requests: z.array(z.unknown()),
})

/** What goes on in the fake. */
export interface FakeObsState {
  streaming: boolean
  server: string
  key: string
  slots: Record<string, unknown>
  /** Every start and stop, with the target. */
  log: string[]
}

/** An obs-websocket 5 that validates what it is asked, and takes its time to stop as OBS does. */
export async function startFakeObs(at: { readonly server: string; readonly key: string }) {
  const state: FakeObsState = { streaming: true, ...at, slots: {}, log: [] }
  const unexpected: string[] = []
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const timers = new Set<NodeJS.Timeout>()
  let fault: TargetFault | undefined
  let stopMs = 20
  let startMs = 20

  function later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }

  function run(asked: ObsRequest): { code: number; comment?: string; data?: object } {
    switch (asked.requestType) {
      case 'GetStreamServiceSettings': {
        const streamServiceSettings = { server: state.server, key: state.key, use_auth: false }
        return { code: 100, data: { streamServiceType: 'rtmp_custom', streamServiceSettings } }
      }
      case 'GetStreamStatus':
        return { code: 100, data: { outputActive: state.streaming, outputReconnecting: false } }
      case 'GetPersistentData':
        return { code: 100, data: { slotValue: state.slots[asked.requestData.slotName] ?? null } }
      case 'SetPersistentData':
        state.slots[asked.requestData.slotName] = asked.requestData.slotValue
        return { code: 100 }
      case 'StopStream':
        if (!state.streaming) return { code: 501 }
        later(stopMs, () => {
          state.streaming = false
          state.log.push('stop')
        })
        return { code: 100 }
      case 'SetStreamServiceSettings':
        if (state.streaming) return { code: 500, comment: 'You cannot change it while streaming.' }
        Object.assign(state, asked.requestData.streamServiceSettings)
        return { code: 100 }
      case 'StartStream':
        if (state.streaming) return { code: 500 }
        later(startMs, () => {
          state.streaming = true
          state.log.push(`start ${state.server}`)
        })
        return { code: 100 }
    }
  }

  function answer(socket: WebSocket, op: number, d: object): void {
    const isWrite = op === 9
    if (fault === 'deaf' && isWrite) return
    socket.send(JSON.stringify({ op, d }))
  }

  function perform(raw: object): {
    requestType: string
    requestStatus: object
    responseData?: object
  } {
    const parsed = request.safeParse(raw)
    if (!parsed.success) {
      unexpected.push(`${JSON.stringify(raw)}: ${parsed.error.message}`)
      return { requestType: '', requestStatus: { result: false, code: 204 } }
    }
    const { code, comment, data } = run(parsed.data)
    return {
      requestType: parsed.data.requestType,
      requestStatus: { result: code === 100, code, ...(comment !== undefined && { comment }) },
      ...(data !== undefined && { responseData: data }),
    }
  }

  function take(socket: WebSocket, text: string, session: { isIdentified: boolean }): void {
    const { op, d } = z.object({ op: z.int(), d: z.looseObject({}) }).parse(JSON.parse(text))
    if (op === 1) {
      const given = identify.parse(d)
      if (given.authentication !== proof(obsPassword, salt, challenge)) {
        socket.close(4009, 'Authentication failed.')
        return
      }
      session.isIdentified = true
      answer(socket, 2, { negotiatedRpcVersion: 1 })
    } else if (!session.isIdentified) {
      socket.close(4007, 'Not identified.')
    } else if (op === 6) {
      const { requestId, ...raw } = single.parse(d)
      answer(socket, 7, { requestId, ...perform(raw) })
    } else if (op === 8) {
      const { requestId, requests } = batch.parse(d)
      const results = []
      for (const each of requests) {
        const done = perform(z.looseObject({}).parse(each))
        results.push(done)
        if (!(done.requestStatus as { result: boolean }).result) break
      }
      answer(socket, 9, { requestId, results })
    } else unexpected.push(text)
  }

  server.on('connection', (socket) => {
    const session = { isIdentified: false }
    socket.on('error', () => {})
    if (fault === 'silent') return
    socket.on('message', (data: Buffer) => {
      try {
        take(socket, data.toString(), session)
      } catch (error) {
        unexpected.push(String(error))
      }
    })
    socket.send(
      JSON.stringify({
        op: 0,
        d: { obsWebSocketVersion: '5.1.0', rpcVersion: 1, authentication: { challenge, salt } },
      }),
    )
  })

  return {
    url: `ws://127.0.0.1:${port}`,
    state,
    unexpected,
    /** How long OBS takes to end a stream, in milliseconds. */
    stopsWithin: (ms: number) => (stopMs = ms),
    startsWithin: (ms: number) => (startMs = ms),
    async fail(next: TargetFault): Promise<void> {
      fault = next
      if (next === 'refuse') await close()
    },
    close,
  }

  async function close(): Promise<void> {
    for (const timer of timers) clearTimeout(timer)
    for (const socket of server.clients) socket.terminate()
    server.close()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
