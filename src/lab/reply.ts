import type { Readable } from 'node:stream'

/** An answer before it is sent. Header names are lower case. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A stream where bytes pass through untouched. */
  readonly body: Buffer | Readable
}

/** An answer whose bytes are all here, so that a fault can change them. */
export interface WholeReply extends Reply {
  readonly body: Buffer
}

/** How the bytes of an answer reach the viewer. */
export interface Delivery {
  /** Waiting time before the first byte, in milliseconds. */
  readonly delayMs: number
  /** Bytes a second; `Infinity` when nothing holds them back. */
  readonly bytesPerSecond: number
  /**
   * `whole`: to the end; `reset`: the connection breaks half-way; `stall`: nothing comes after the
   * first half; `hang`: nothing comes at all; `refuse`: the connection breaks at once; `endless`:
   * the body never ends.
   */
  readonly end: 'whole' | 'reset' | 'stall' | 'hang' | 'refuse' | 'endless'
}

/** The way of a healthy server. */
export const promptDelivery: Delivery = {
  delayMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  end: 'whole',
}

/** A short answer in plain text. */
export function textReply(status: number, text: string): WholeReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: Buffer.from(`${text}\n`),
  }
}
