import type { GroupRequest } from '../../plugin/actuator.ts'

/** What a media server asks about somebody who publishes, in the form that it speaks. */
export interface Question {
  readonly server: 'nginx-rtmp' | 'srs' | 'mediamtx'
  /**
   * `publish`: may it begin. `going-on`: may it go on (nginx-rtmp `on_update`). `forward`: where to
   * relay it (SRS). `read`: may somebody watch (MediaMTX asks for everything in one place). `manage`:
   * the server's own API.
   */
  readonly asks: 'publish' | 'going-on' | 'forward' | 'read' | 'manage' | 'other'
  /** The name that is published, which is its stream key: never to be repeated to anybody else. */
  readonly name: string
  /** The address that the publisher connected to, where the server says it. */
  readonly url: string
  /** Seconds since it began, where the server says it. */
  readonly seconds?: number
}

const nginxCalls: Readonly<Record<string, Question['asks']>> = {
  publish: 'publish',
  update_publish: 'going-on',
}

const srsActions: Readonly<Record<string, Question['asks']>> = {
  on_publish: 'publish',
  on_forward: 'forward',
}

const mediamtxActions: Readonly<Record<string, Question['asks']>> = {
  publish: 'publish',
  read: 'read',
  playback: 'read',
  api: 'manage',
  metrics: 'manage',
  pprof: 'manage',
}

/** The question in a request; `undefined` where it is in the form of no server that we know. */
export function readQuestion(request: GroupRequest): Question | undefined {
  if (request.contentType === 'application/json') return ofJson(request.body)
  // nginx-rtmp posts a form, or with `notify_method get` puts it behind our own query. What the
  // publisher adds to its stream name stands at the end, so the first of a name is the server's own.
  const form = new URLSearchParams(request.body)
  const field = (name: string) =>
    (request.method === 'GET' ? request.query[name] : form.get(name)) ?? ''
  const call = field('call')
  if (call === '') return undefined
  const asks = Object.hasOwn(nginxCalls, call) ? nginxCalls[call] : undefined
  const seconds = Number.parseInt(field('time'), 10)
  return {
    server: 'nginx-rtmp',
    asks: asks ?? 'other',
    name: field('name'),
    url: field('tcurl'),
    ...(Number.isFinite(seconds) && { seconds }),
  }
}

function ofJson(body: string): Question | undefined {
  const json = parseJson(body)
  const field = (name: string) => {
    const value = json !== undefined && Object.hasOwn(json, name) ? json[name] : undefined
    return typeof value === 'string' ? value : ''
  }
  const action = field('action')
  if (action === '') return undefined
  if (action.startsWith('on_')) {
    const asks = Object.hasOwn(srsActions, action) ? srsActions[action] : undefined
    return { server: 'srs', asks: asks ?? 'other', name: field('stream'), url: field('tcUrl') }
  }
  const asks = Object.hasOwn(mediamtxActions, action) ? mediamtxActions[action] : undefined
  // The path of MediaMTX is application and name, as in `live/key`.
  const name = field('path').split('/').at(-1) ?? ''
  return asks && { server: 'mediamtx', asks, name, url: '' }
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
