import type { Clock } from '../../src/core/clock.ts'
import { readFmp4 } from '../../src/formats/fmp4/scanner.ts'
import { type ByteRange, resolveUri } from '../../src/formats/m3u8/model.ts'
import { type Fault, faultOf, wrongContent } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'
import { rangeHeader } from './range.ts'
import type { Rendition } from './rendition.ts'

/** What new viewers need, keys above all, may vanish while nobody asks: so often it is asked for again. */
const againMs = 60_000

export interface CompanionOptions {
  readonly deadlineAt: number
  readonly maxBytes: number
  readonly range?: ByteRange | undefined
  /** Its length, where it can have no other. */
  readonly exactBytes?: number
  /** It is an initialisation section, whose tracks are remembered. */
  readonly isInit?: boolean
}

/** What a companion is fetched with and for. */
export interface CompanionNeeds {
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly rendition: Rendition
  /** What its URI is relative to. */
  readonly base: string
}

/**
 * Fetches what a segment needs besides, an initialisation section or a key, now and then while it
 * keeps its URI. Bytes of keys are never kept.
 */
export async function companion(
  { fetcher, clock, rendition, base }: CompanionNeeds,
  uri: string | undefined,
  { deadlineAt, maxBytes, range, exactBytes, isInit = false }: CompanionOptions,
): Promise<Fault | undefined> {
  const url = uri === undefined ? undefined : resolveUri(uri, base)
  if (uri === undefined || url === undefined) return undefined
  const { segments } = rendition
  const name = `${url} ${range?.offset ?? ''}`
  const seenAt = segments.companions.get(name)
  if (seenAt !== undefined && clock.now() - seenAt < againMs) return undefined
  const answer = await fetcher.request(url, deadlineAt, {
    maxBytes,
    discardBody: !isInit,
    ...(range !== undefined && { range: rangeHeader(range) }),
  })
  const short = exactBytes !== undefined && answer.bytes !== exactBytes
  const fault =
    faultOf(answer) ??
    (short ? wrongContent(`is ${answer.bytes} bytes long, not ${exactBytes}`) : undefined)
  if (fault === undefined) {
    if (segments.companions.size >= 16) segments.companions.clear()
    segments.companions.set(name, clock.now())
    if (isInit && answer.ok) {
      segments.remember({ uri, byteRange: range }, readFmp4(answer.body).init)
    }
  }
  return fault?.local ? undefined : fault
}
