import type { Clock } from '../../core/clock.ts'
import type { FaultBoard } from '../faults/fault-board.ts'
import { faultKind } from '../faults/faults.ts'
import { promptDelivery } from '../reply.ts'
import type { View } from '../wanted.ts'
import type { ProgrammeMessage, ProgrammeMessages } from './programme-messages.ts'
import type { RtmpViewer } from './viewer.ts'

/** Who is fed, with what. */
export interface FeedParts {
  readonly clock: Clock
  readonly board: FaultBoard
  readonly messages: ProgrammeMessages
  readonly server: string
  readonly stream: string
  readonly viewer: RtmpViewer
  /** Aborts when the viewer is gone. */
  readonly signal: AbortSignal
}

/** Time between two pictures. */
const STEP_MS = 40
/** Who is further behind is let go on with the present, as real servers drop what they cannot send. */
const MOST_BEHIND_MS = 3_000

/** How a feed ended. */
export type FeedEnd = 'gone' | 'reset' | 'not-found'

/**
 * Sends a stream to a viewer as it goes, from the last key frame on, through the faults that strike
 * segments: views as they say, throttling as late media, what answers something else as a stream that
 * is gone. Resolves when the viewer is gone or is to be let go.
 */
export async function feed(parts: FeedParts): Promise<FeedEnd> {
  const { clock, board, messages, server, stream, viewer, signal } = parts
  const wanted = { kind: 'segment', stream, rendition: '360p', sequence: 0 } as const
  const sender = new Sender(viewer)
  /** Wall time up to which everything is sent. */
  let sent = beforeSecond(clock.wall())
  let allowance = Number.POSITIVE_INFINITY
  do {
    const now = clock.wall()
    const strikes = board.striking(server, wanted)
    if (strikes.some(({ fault }) => faultKind(fault).replace !== undefined)) return 'not-found'
    const how = strikes.reduce(
      (way, { fault, value }) => faultKind(fault).deliver?.(way, value) ?? way,
      promptDelivery,
    )
    if (how.end === 'reset' || how.end === 'refuse') return 'reset'
    if (how.end === 'stall' || how.end === 'hang') continue
    const view = strikes.reduce<View>(
      (seen, { fault, since }) => faultKind(fault).view?.(seen, since) ?? seen,
      { at: now - how.delayMs, look: { picture: 'test', sound: 'tone' } },
    )
    if (view.at - sent > MOST_BEHIND_MS) sent = beforeSecond(view.at)
    const refill = (how.bytesPerSecond * STEP_MS) / 1_000
    allowance = Math.min(how.bytesPerSecond, allowance + refill)
    for (const message of due(messages, sent, view)) {
      // Of one moment all goes, or nothing.
      if (allowance <= 0 && message.at > sent) break
      sender.send(message)
      allowance -= message.payload.length
      sent = message.at
    }
  } while (await clock.sleep(STEP_MS, signal))
  return 'gone'
}

/** Sends messages, with the set-up of decoders where it is new to the viewer. */
class Sender {
  readonly #viewer: RtmpViewer
  readonly #configs = new Map<string, Buffer>()

  constructor(viewer: RtmpViewer) {
    this.#viewer = viewer
  }

  send({ kind, at, payload, config }: ProgrammeMessage): void {
    if (config !== undefined && this.#configs.get(kind)?.equals(config) !== true) {
      this.#configs.set(kind, config)
      this.#viewer.media(kind, at, config)
    }
    this.#viewer.media(kind, at, payload)
  }
}

/** What lies after `sent`, up to the moment of the view, in order of time. */
function* due(messages: ProgrammeMessages, sent: number, view: View): Generator<ProgrammeMessage> {
  for (let second = Math.floor(sent / 1_000); second * 1_000 <= view.at; second += 1) {
    for (const message of messages.second(second, view.look)) {
      if (message.at > sent && message.at <= view.at) yield message
    }
  }
}

/** Just before the second in which `at` lies: a second begins with a key frame. */
function beforeSecond(at: number): number {
  return Math.floor(at / 1_000) * 1_000 - 0.001
}
