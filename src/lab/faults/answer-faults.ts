import { VIDEO_PID } from '../mux-tables.ts'
import { textReply, type WholeReply } from '../reply.ts'
import { playlists, everything, type FaultKind } from './fault-kind.ts'
import { gzipBomb } from './gzip-bomb.ts'

const PACKET = 188
const DAY_MS = 86_400_000

/** Faults of the answer: another status or another body. */
export const answerFaults = {
  'multivariant-404': {
    says: 'The multivariant playlist is answered with 404.',
    on: ['multivariant'],
    replace: () => textReply(404, 'not found'),
  },
  'playlist-404': {
    says: 'Media playlists are answered with 404.',
    on: ['playlist'],
    replace: () => textReply(404, 'not found'),
  },
  'segments-404': {
    says: 'Playlists are fine, but every segment is answered with 404.',
    on: ['segment'],
    replace: () => textReply(404, 'not found'),
  },
  unavailable: {
    says: 'Everything is answered with 503.',
    on: everything,
    replace: () => textReply(503, 'service unavailable'),
  },
  html: {
    says: 'Playlists are answered with 200 and an HTML page.',
    on: playlists,
    replace: htmlPage,
  },
  'redirect-loop': {
    says: 'Everything is redirected to its own address, for ever.',
    on: everything,
    replace: (path) => ({
      ...textReply(302, 'found'),
      headers: { location: path, 'cache-control': 'no-store' },
    }),
  },
  'gzip-bomb': {
    says: 'Playlists are answered with half a megabyte of gzip that unpacks to 512 MiB.',
    on: playlists,
    replace: () => ({
      status: 200,
      headers: { 'content-type': 'application/vnd.apple.mpegurl', 'content-encoding': 'gzip' },
      body: gzipBomb(),
    }),
  },
  empty: {
    says: 'Media playlists are valid and list no segment.',
    on: ['playlist'],
    rewrite: (body) => Buffer.from(body.toString().replace(/#EXT-X-PROGRAM-DATE-TIME.*$/su, '')),
    rewriteManifest: (body) => Buffer.from(body.toString().replaceAll(/<S [^>]*\/>/gu, '')),
  },
  ended: {
    says: 'Media playlists say that the stream has ended (EXT-X-ENDLIST).',
    on: ['playlist'],
    rewrite: (body) => Buffer.concat([body, Buffer.from('#EXT-X-ENDLIST\n')]),
    rewriteManifest: (body) =>
      Buffer.from(body.toString().replace('type="dynamic"', 'type="static"')),
  },
  'bad-sequence': {
    says: 'Media sequence numbers are raised by 2^53, beyond what a double can count.',
    on: ['playlist'],
    rewrite: raiseSequence,
  },
  'clock-skew': {
    says: 'Program dates are wrong by this much; a positive value lies in the future.',
    on: ['playlist'],
    value: { unit: 'ms', default: 30_000, min: -DAY_MS, max: DAY_MS },
    rewrite: shiftDates,
    rewriteManifest: shiftClock,
  },
  continuity: {
    says: 'Of so many transport stream packets of the picture in a segment, one is missing.',
    on: ['segment'],
    value: { unit: 'packets', default: 50, min: 2, max: 1_000_000 },
    rewrite: dropPackets,
  },
} as const satisfies Record<string, FaultKind>

function htmlPage(): WholeReply {
  const page =
    '<!doctype html>\n<html><head><title>Welcome</title></head>' +
    '<body><h1>It works!</h1><p>The requested page is being maintained.</p></body></html>\n'
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: Buffer.from(page),
  }
}

function raiseSequence(body: Buffer): Buffer {
  return Buffer.from(
    body.toString().replace(/(#EXT-X-MEDIA-SEQUENCE:)(\d+)/u, (_, tag: string, first: string) => {
      return `${tag}${BigInt(first) + 2n ** 53n}`
    }),
  )
}

function shiftDates(body: Buffer, ms: number): Buffer {
  return Buffer.from(
    body.toString().replace(/(#EXT-X-PROGRAM-DATE-TIME:)(.*)/gu, (_, tag: string, date: string) => {
      return tag + new Date(Date.parse(date) + ms).toISOString()
    }),
  )
}

/** The clock that players are told to go by. */
function shiftClock(body: Buffer, ms: number): Buffer {
  return Buffer.from(
    body
      .toString()
      .replace(/(<UTCTiming [^>]*value=")([^"]*)/u, (_, before: string, at: string) => {
        return before + new Date(Date.parse(at) + ms).toISOString()
      }),
  )
}

function dropPackets(body: Buffer, every: number): Buffer {
  const kept: Buffer[] = []
  let pictures = 0
  for (let at = 0; at < body.length; at += PACKET) {
    const packet = body.subarray(at, at + PACKET)
    const isPicture = (packet.readUInt16BE(1) & 0x1fff) === VIDEO_PID
    if (isPicture) pictures += 1
    if (!isPicture || pictures % every !== 0) kept.push(packet)
  }
  return Buffer.concat(kept)
}
