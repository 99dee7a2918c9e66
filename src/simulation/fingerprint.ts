import type { Continuity, ContinuityCheck } from '../core/continuity.ts'

const segmentMs = 6_000
const edgeAgeMs = 4_000
/** Of a path that is behind. */
const behindMs = 120_000
/** Where the clock of the media begins. */
const epoch = 1_700_000_000_000

const codecs = ['avc1.640028', 'mp4a.40.2']
const small = { size: '640x360', bitsPerSecond: 800_000, codecs }
const full = { size: '1920x1080', bitsPerSecond: 5_000_000, codecs }

/** What a path shows at monotonic `now`; without an oddity it is what all the others show. */
export function fingerprintAt(now: number, oddity: ContinuityCheck | undefined): Continuity {
  const lateMs = oddity === 'behind' ? behindMs : 0
  const other = codecs.map((codec) => codec.replace('avc1', 'hvc1'))
  const rungs = oddity === 'ladder' ? [small] : [full, small]
  return {
    ladder: oddity === 'codecs' ? rungs.map((rung) => ({ ...rung, codecs: other })) : rungs,
    mediaSequence: Math.floor((now - lateMs) / segmentMs) + 1_000,
    segmentMs,
    edgeAt: epoch + now - lateMs - edgeAgeMs,
    edgeAgeMs: edgeAgeMs + lateMs,
    keys: [oddity === 'key' ? 'simulated other' : 'simulated'],
    isSlate: oddity === 'slate',
  }
}
