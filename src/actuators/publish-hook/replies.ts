import type { PullAnswer } from '../../plugin/actuator.ts'
import type { Question } from './question.ts'

const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' }

/** It may. SRS wants the number 0; the others look at the status alone. */
export function allow({ server, asks }: Question): PullAnswer {
  if (asks === 'forward') return forwardTo([])
  return { status: 200, headers, body: server === 'srs' ? '0' : '{}' }
}

/** It may not: the server ends the connection, and the encoder tries again or elsewhere. */
export function refuse(): PullAnswer {
  // SRS reads the code, nginx-rtmp and MediaMTX the status. Not 401, at which RTSP clients ask for
  // a password in place of giving up.
  return { status: 403, headers, body: '{"code":403}' }
}

/**
 * nginx-rtmp keeps the publisher and relays what comes to `target`, under the same name. It takes an
 * address of the form rtmp:// with an IP address and nothing else: it resolves no names here.
 */
export function relay(target: string): PullAnswer {
  return { status: 302, headers: { ...headers, location: target }, body: '' }
}

/** SRS keeps the publisher and forwards what comes to these addresses, to none where there are none. */
export function forwardTo(urls: readonly string[]): PullAnswer {
  return { status: 200, headers, body: JSON.stringify({ code: 0, data: { urls } }) }
}
