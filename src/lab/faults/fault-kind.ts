import type { Delivery, WholeReply } from '../reply.ts'
import type { View, Wanted } from '../wanted.ts'

/** The number that a fault can be given. */
interface FaultValue {
  readonly unit: 'ms' | 'bytes/s' | 'packets'
  readonly default: number
  readonly min: number
  readonly max: number
}

/**
 * One way in which a server misbehaves: a sentence and pure functions that do what it says. `value`
 * is 0 for faults that take no number.
 */
export interface FaultKind {
  /** What a viewer gets, as a sentence. */
  readonly says: string
  /** The requests that it touches, by the names of HLS; those of DASH that do the same are touched too. */
  readonly on: readonly HlsKind[]
  readonly value?: FaultValue
  /** Looks at another moment or version of the programme; `since` is wall time. */
  readonly view?: (view: View, since: number) => View
  /** Answers something else, without asking further. */
  readonly replace?: (path: string) => WholeReply
  /** Changes the body of a good answer. */
  readonly rewrite?: (body: Buffer, value: number) => Buffer
  /** The same for a DASH manifest; without it the fault does nothing to one. */
  readonly rewriteManifest?: (body: Buffer, value: number) => Buffer
  /** Changes how the bytes reach the viewer. */
  readonly deliver?: (how: Delivery, value: number) => Delivery
}

type HlsKind = 'multivariant' | 'playlist' | 'segment'

/** Whether a fault touches a request: a manifest is both kinds of playlist, and CMAF segments are segments. */
export function touches({ on }: FaultKind, { kind }: Wanted): boolean {
  if (kind === 'manifest') return on.includes('multivariant') || on.includes('playlist')
  return on.includes(kind === 'cmaf' ? 'segment' : kind)
}

/** How a fault changes the body of an answer, where it does. */
export function rewriteOf(
  { rewrite, rewriteManifest }: FaultKind,
  { kind }: Wanted,
): FaultKind['rewrite'] {
  if (kind === 'manifest') return rewriteManifest
  return kind === 'cmaf' ? undefined : rewrite
}

/** Every kind of request. */
export const everything = ['multivariant', 'playlist', 'segment'] as const

/** Requests that are answered with a playlist. */
export const playlists = ['multivariant', 'playlist'] as const
