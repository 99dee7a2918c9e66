import { readFmp4 } from '../../formats/fmp4/scanner.ts'
import type { TsReport } from '../../formats/mpegts/report.ts'
import { TsScanner } from '../../formats/mpegts/scanner.ts'
import type { DecodeRequest } from './decode.ts'

/** Media that can be decoded by itself, or why it cannot: half a sentence, "its segments are encrypted". */
export type Piece =
  | { readonly ok: true; readonly media: DecodeRequest }
  | { readonly ok: false; readonly why: string }

/** Bytes of a packet of a transport stream. */
const tsPacket = 188

/** A segment with its initialisation section, which is empty where there is none. */
export function pieceOfSegment(init: Buffer, body: Buffer): Piece {
  const ts = init.length === 0 ? lockedReport(body) : undefined
  if (ts !== undefined) return tsPiece(body, ts)
  const media = Buffer.concat([init, body])
  const tracks = readFmp4(media).init?.tracks
  if (tracks === undefined) return refuse('its segments are neither MPEG-TS nor fMP4')
  if (tracks.some(({ encrypted }) => encrypted)) return refuse('its segments are encrypted')
  const has = (kind: string) => tracks.some((track) => track.kind === kind)
  const kinds = { hasPicture: has('video'), hasSound: has('audio') }
  return { ok: true, media: { media, container: 'mp4', ...kinds } }
}

/** What arrived of a transport stream in a while. */
export function pieceOfTransportStream(body: Buffer): Piece {
  const ts = lockedReport(body)
  return ts === undefined ? refuse('what arrives is no transport stream') : tsPiece(body, ts)
}

function tsPiece(media: Buffer, { pids, scrambledPackets }: TsReport): Piece {
  const has = (kind: string) => pids.some((pid) => pid.kind === kind && pid.pts !== undefined)
  const kinds = { hasPicture: has('video'), hasSound: has('audio') }
  if (scrambledPackets > 0 && !kinds.hasPicture && !kinds.hasSound) {
    return refuse('its packets are scrambled')
  }
  return { ok: true, media: { media, container: 'mpegts', ...kinds } }
}

function lockedReport(body: Buffer): TsReport | undefined {
  const scanner = new TsScanner()
  scanner.push(body)
  scanner.end()
  const report = scanner.report()
  // Ciphertext may hold any byte anywhere: a real transport stream locks.
  return report.packets * tsPacket * 2 > report.bytes ? report : undefined
}

function refuse(why: string): Piece {
  return { ok: false, why }
}
