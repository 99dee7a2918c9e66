import type { ServerResponse } from 'node:http'

/** A fixed reason: without one every abort would build an exception with a stack trace. */
const left = new Error('the viewer is gone')

/** A signal that aborts when the viewer goes away before the whole answer is sent. */
export function viewerSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(left)
  })
  return gone.signal
}
