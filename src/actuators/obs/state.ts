import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ObsAnswer, ObsRequest, ObsSession } from './session.ts'

/** Where OBS streams to. */
export interface ObsTarget {
  readonly server: string
  readonly key: string
}

/** What OBS is set to and does. */
export interface ObsState {
  readonly ok: true
  /** A hash of the stream service: it is compared, and tells nobody the key. */
  readonly version: string
  readonly isStreaming: boolean
  /** A move of ours stopped the stream, and has not seen it start again. */
  readonly isMoving: boolean
}

/** A stream service as obs-websocket has it. */
export interface ObsService {
  readonly streamServiceType: string
  readonly streamServiceSettings: Readonly<Record<string, unknown>>
}

const serviceAnswer = z.object({
  streamServiceType: z.string(),
  streamServiceSettings: z.record(z.string(), z.unknown()),
})

const markAnswer = z.object({ slotValue: z.unknown().optional() })

/** Where OBS keeps our mark: with its own settings, beyond a restart of OBS. */
const slot = { realm: 'OBS_WEBSOCKET_DATA_REALM_GLOBAL', slotName: 'changeover_is_moving' }

/** Says in OBS itself that a move is under way, or that it is over. */
export function mark(isMoving: boolean): ObsRequest {
  return { requestType: 'SetPersistentData', requestData: { ...slot, slotValue: isMoving } }
}

const statusAnswer = z.object({ outputActive: z.boolean(), outputReconnecting: z.boolean() })

/** Reads target and status of OBS. */
export async function readObs(
  session: ObsSession,
): Promise<ObsState | Extract<ObsAnswer, { ok: false }>> {
  const service = await session.ask({ requestType: 'GetStreamServiceSettings' })
  if (!service.ok) return service
  const status = await session.ask({ requestType: 'GetStreamStatus' })
  if (!status.ok) return status
  const marked = await session.ask({ requestType: 'GetPersistentData', requestData: slot })
  if (!marked.ok) return marked
  const settings = serviceAnswer.safeParse(service.data)
  const state = statusAnswer.safeParse(status.data)
  const moving = markAnswer.safeParse(marked.data)
  if (!settings.success || !state.success || !moving.success) {
    const says = 'OBS tells its stream service otherwise than obs-websocket 5'
    return { ok: false, retry: false, sent: true, says }
  }
  return {
    ok: true,
    version: versionOf(settings.data),
    isStreaming: state.data.outputActive,
    isMoving: moving.data.slotValue === true,
  }
}

/** The service that streams to a target: `rtmp_custom`, which takes every URL of an output of OBS. */
export function serviceOf({ server, key }: ObsTarget): ObsService {
  return {
    streamServiceType: 'rtmp_custom',
    streamServiceSettings: { server, key, use_auth: false },
  }
}

/**
 * Equal exactly where OBS streams to the same place. Its other settings, such as `use_auth: false`,
 * appear by themselves once a person has opened the settings.
 */
export function versionOf({ streamServiceType: type, streamServiceSettings }: ObsService): string {
  const { server, key, service, use_auth: auth, username, password } = streamServiceSettings
  const login = auth === true ? [username, password] : []
  const place = JSON.stringify([type, server, key, service, ...login])
  return createHash('sha256').update(place).digest('hex').slice(0, 32)
}
