import { byteRange, decimalFloat, decimalInteger } from './attributes.ts'
import { limits, type TagHandler } from './draft.ts'
import type { ByteRange } from './model.ts'

const partTag: TagHandler = (draft, value, line) => {
  draft.is('media')
  const attributes = draft.attributes('EXT-X-PART', value, line)
  const uri = draft.required(attributes, 'URI', 'EXT-X-PART', line)
  const duration = decimalFloat(draft.required(attributes, 'DURATION', 'EXT-X-PART', line))
  if (uri === undefined || duration === undefined || draft.pending.parts.length >= limits.list)
    return
  const range = byteRange(attributes.get('BYTERANGE'))
  let resolved: ByteRange | undefined
  if (range !== undefined) {
    const last = draft.lastPartRange
    const previous = last?.uri === uri ? last.offset + last.length : 0
    resolved = { offset: range.offset ?? previous, length: range.length }
    draft.lastPartRange = { ...resolved, uri }
  }
  draft.pending.parts.push({
    uri,
    duration,
    independent: attributes.get('INDEPENDENT') === 'YES',
    gap: attributes.get('GAP') === 'YES',
    byteRange: resolved,
    line,
  })
}

/** The tags that low latency adds to media playlists (rfc8216bis 4.4.3.7, 4.4.3.8, 4.4.4.9, 4.4.5). */
export const lowLatencyTags: readonly (readonly [string, TagHandler])[] = [
  ['#EXT-X-PART', partTag],
  [
    '#EXT-X-PART-INF',
    (draft, value, line) => {
      draft.is('media')
      const attributes = draft.attributes('EXT-X-PART-INF', value, line)
      const target = draft.required(attributes, 'PART-TARGET', 'EXT-X-PART-INF', line)
      draft.partTarget = decimalFloat(target) || undefined
      draft.tagLines.partInf = line
    },
  ],
  [
    '#EXT-X-SERVER-CONTROL',
    (draft, value, line) => {
      draft.is('media')
      const attributes = draft.attributes('EXT-X-SERVER-CONTROL', value, line)
      draft.tagLines.serverControl = line
      draft.serverControl = {
        canBlockReload: attributes.get('CAN-BLOCK-RELOAD') === 'YES',
        canSkipUntil: decimalFloat(attributes.get('CAN-SKIP-UNTIL')),
        canSkipDateRanges: attributes.get('CAN-SKIP-DATERANGES') === 'YES',
        holdBack: decimalFloat(attributes.get('HOLD-BACK')),
        partHoldBack: decimalFloat(attributes.get('PART-HOLD-BACK')),
      }
    },
  ],
  [
    '#EXT-X-SKIP',
    (draft, value, line) => {
      draft.is('media')
      const attributes = draft.attributes('EXT-X-SKIP', value, line)
      const segments = decimalInteger(
        draft.required(attributes, 'SKIPPED-SEGMENTS', 'EXT-X-SKIP', line),
      )
      if (segments === undefined || draft.segments.length > 0) return
      draft.tagLines.skip = line
      const removed = attributes.get('RECENTLY-REMOVED-DATERANGES')
      draft.skip = {
        segments,
        removedDateRanges: removed ? removed.split('\t').slice(0, 1_000) : [],
      }
    },
  ],
  [
    '#EXT-X-PRELOAD-HINT',
    (draft, value, line) => {
      draft.is('media')
      const attributes = draft.attributes('EXT-X-PRELOAD-HINT', value, line)
      const type = draft.required(attributes, 'TYPE', 'EXT-X-PRELOAD-HINT', line)
      const uri = draft.required(attributes, 'URI', 'EXT-X-PRELOAD-HINT', line)
      if ((type !== 'PART' && type !== 'MAP') || uri === undefined) return
      if (draft.preloadHints.length >= 16) return
      draft.preloadHints.push({
        type,
        uri,
        byteRangeStart: decimalInteger(attributes.get('BYTERANGE-START')),
        byteRangeLength: decimalInteger(attributes.get('BYTERANGE-LENGTH')),
      })
    },
  ],
  [
    '#EXT-X-RENDITION-REPORT',
    (draft, value, line) => {
      draft.is('media')
      const attributes = draft.attributes('EXT-X-RENDITION-REPORT', value, line)
      const uri = draft.required(attributes, 'URI', 'EXT-X-RENDITION-REPORT', line)
      if (uri === undefined || draft.renditionReports.length >= limits.variants) return
      draft.renditionReports.push({
        uri,
        line,
        lastSequence: decimalInteger(attributes.get('LAST-MSN')),
        lastPart: decimalInteger(attributes.get('LAST-PART')),
      })
    },
  ],
]
