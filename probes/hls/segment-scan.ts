import type { Fmp4Report, Init } from '../../src/formats/fmp4/model.ts'
import { Fmp4Scanner } from '../../src/formats/fmp4/scanner.ts'
import type { TsReport } from '../../src/formats/mpegts/report.ts'
import { TsScanner } from '../../src/formats/mpegts/scanner.ts'
import { type Fault, wrongContent } from '../../src/plugin/http-fault.ts'

/** Bytes of a packet of a transport stream. */
const tsPacket = 188

type Container = 'ts' | 'fmp4' | 'other' | 'text' | 'noise'

/** What a segment should be. */
interface Expected {
  readonly kind: 'media' | 'subtitles'
  /** It is encrypted as a whole: any byte may stand anywhere. */
  readonly isCiphertext: boolean
  readonly init: Init | undefined
}

/** What the bytes of a segment are. */
export interface SegmentReports {
  readonly ts: TsReport | undefined
  readonly fmp4: Fmp4Report | undefined
}

/** Tells the container by the first bytes, and scans transport streams and fragmented MP4. */
export class SegmentScan {
  readonly #expected: Expected
  #container: Container | undefined
  readonly #ts = new TsScanner()
  #fmp4: Fmp4Scanner | undefined

  constructor(expected: Expected) {
    this.#expected = expected
  }

  push(chunk: Buffer): undefined {
    if (chunk.length === 0) return
    const isText = this.#expected.kind === 'subtitles'
    this.#container ??= isText ? subtitlesOf(chunk) : containerOf(chunk)
    if (this.#container === 'ts') this.#ts.push(chunk)
    else if (this.#container === 'fmp4' && !this.#expected.isCiphertext) {
      this.#fmp4 ??= new Fmp4Scanner(this.#expected.init)
      this.#fmp4.push(chunk)
    }
  }

  /** A segment that holds a page of HTML, noise or nothing at all is as good as missing. */
  fault(): Fault | undefined {
    if (this.#container === undefined) return wrongContent('is empty')
    if (this.#expected.isCiphertext) return undefined
    if (this.#container === 'text') return wrongContent('holds text instead of media')
    if (this.#container === 'noise' && this.#expected.kind === 'subtitles') {
      return wrongContent('holds neither WebVTT, which begins with WEBVTT, nor fMP4')
    }
    if (this.#container === 'noise') {
      return wrongContent('holds neither MPEG-TS, fMP4, packed audio nor WebVTT')
    }
    return undefined
  }

  finish(): SegmentReports {
    const fmp4 = this.#fmp4?.report()
    if (this.#container !== 'ts') return { ts: undefined, fmp4 }
    this.#ts.end()
    const report = this.#ts.report()
    // Ciphertext may begin with any byte: a real transport stream locks.
    const locked = report.packets * tsPacket * 2 > report.bytes
    return { ts: locked ? report : undefined, fmp4: undefined }
  }
}

function containerOf(head: Buffer): Container {
  if (head[0] === 0x47 && (head.length <= tsPacket || head[tsPacket] === 0x47)) return 'ts'
  const text = head.toString('latin1', 0, 64).trimStart().toLowerCase()
  if (/^<(?:!doctype|html|\?xml|error)/u.test(text)) return 'text'
  if (isBoxes(head)) return 'fmp4'
  return isMedia(head) ? 'other' : 'noise'
}

/** WebVTT begins with its name (W3C WebVTT 4.1), IMSC comes in fMP4. */
function subtitlesOf(head: Buffer): Container {
  const start = head.toString('latin1', 0, 12)
  if (/^(?:\xef\xbb\xbf)?WEBVTT(?:[ \t\r\n]|$)/u.test(start)) return 'other'
  if (isBoxes(head)) return 'fmp4'
  return /^\s*<(?:!doctype|html|\?xml|error)/iu.test(start) ? 'text' : 'noise'
}

/** The boxes that may begin a segment or an initialisation section (ISO/IEC 23000-19 7.3.2). */
function isBoxes(head: Buffer): boolean {
  return /^(?:styp|ftyp|moof|moov|sidx|prft|emsg|free|skip)$/u.test(head.toString('latin1', 4, 8))
}

/** Whether a segment may begin so (RFC 8216, section 3); a head too short to tell may. */
function isMedia(head: Buffer): boolean {
  if (head.length < 3 * tsPacket) return true
  const start = head.toString('latin1', 0, 12)
  // The type of a box is four printable characters (ISO/IEC 14496-12, section 4.2).
  if (/^.{4}[\x20-\x7e]{4}/su.test(start)) return true
  if (/^(?:ID3|WEBVTT|\xef\xbb\xbfWEBVTT)/u.test(start)) return true
  // The sync words of AC-3, and of MP3 and ADTS.
  const sync = head.readUInt16BE(0)
  if (sync === 0x0b77 || sync >= 0xffe0) return true
  // A transport stream that begins inside a packet.
  for (let at = 0; at < tsPacket; at++) {
    const isLocked = [0, 1, 2].every((nth) => head[at + nth * tsPacket] === 0x47)
    if (isLocked) return true
  }
  return false
}
