import { type Attributes, decimalFloat, decimalInteger, resolution } from './attributes.ts'
import { type Draft, limits, type TagHandler } from './draft.ts'
import { readKey } from './media-tags.ts'
import type { RenditionType, Variant } from './model.ts'
import { quoteValue } from './report.ts'

/** Takes a URI line of a multivariant playlist: completes the pending EXT-X-STREAM-INF. */
export function readVariantUri(draft: Draft, text: string): void {
  const pending = draft.pendingVariant
  if (pending === undefined) return
  draft.pendingVariant = undefined
  if (draft.variants.length >= limits.variants) return
  const uri = draft.variables.size === 0 ? text : draft.substitute(text, pending.line)
  draft.variants.push(variant(draft, uri, pending.attributes, 'EXT-X-STREAM-INF', pending.line))
}

function variant(
  draft: Draft,
  uri: string,
  attributes: Attributes['values'],
  tag: string,
  line: number,
): Variant {
  const bandwidth = decimalInteger(draft.required(attributes, 'BANDWIDTH', tag, line))
  return {
    uri,
    bandwidth: bandwidth ?? 0,
    averageBandwidth: decimalInteger(attributes.get('AVERAGE-BANDWIDTH')),
    codecs: attributes.get('CODECS'),
    resolution: resolution(attributes.get('RESOLUTION')),
    frameRate: decimalFloat(attributes.get('FRAME-RATE')),
    videoRange: attributes.get('VIDEO-RANGE'),
    hdcpLevel: attributes.get('HDCP-LEVEL'),
    audio: attributes.get('AUDIO'),
    video: attributes.get('VIDEO'),
    subtitles: attributes.get('SUBTITLES'),
    closedCaptions: attributes.get('CLOSED-CAPTIONS'),
    pathwayId: attributes.get('PATHWAY-ID'),
    stableId: attributes.get('STABLE-VARIANT-ID'),
    line,
  }
}

const renditionTypes: ReadonlySet<string> = new Set<RenditionType>([
  'AUDIO',
  'VIDEO',
  'SUBTITLES',
  'CLOSED-CAPTIONS',
])

const mediaTag: TagHandler = (draft, value, line) => {
  draft.is('multivariant')
  if (draft.renditions.length >= limits.variants) return
  const attributes = draft.attributes('EXT-X-MEDIA', value, line)
  const type = draft.required(attributes, 'TYPE', 'EXT-X-MEDIA', line)
  if (type === undefined) return
  if (!renditionTypes.has(type)) {
    draft.report.add(
      'warning',
      'unknown-media-type',
      `EXT-X-MEDIA has the type ${quoteValue(type)}.`,
      line,
    )
    return
  }
  const uri = attributes.get('URI') || undefined
  if (type === 'CLOSED-CAPTIONS' && uri !== undefined) {
    const says = 'EXT-X-MEDIA of type CLOSED-CAPTIONS has a URI, which is ignored.'
    draft.report.add('warning', 'closed-captions-uri', says, line)
  }
  if (type === 'SUBTITLES' && uri === undefined) {
    draft.report.add(
      'error',
      'missing-attribute',
      'EXT-X-MEDIA of type SUBTITLES lacks its URI.',
      line,
    )
  }
  draft.renditions.push({
    type: type as RenditionType,
    uri: type === 'CLOSED-CAPTIONS' ? undefined : uri,
    groupId: draft.required(attributes, 'GROUP-ID', 'EXT-X-MEDIA', line) ?? '',
    name: draft.required(attributes, 'NAME', 'EXT-X-MEDIA', line) ?? '',
    language: attributes.get('LANGUAGE'),
    default: attributes.get('DEFAULT') === 'YES',
    autoselect: attributes.get('AUTOSELECT') === 'YES',
    forced: attributes.get('FORCED') === 'YES',
    channels: attributes.get('CHANNELS'),
    instreamId: attributes.get('INSTREAM-ID'),
    pathwayId: attributes.get('PATHWAY-ID'),
    stableId: attributes.get('STABLE-RENDITION-ID'),
    line,
  })
}

/** The tags of multivariant playlists (RFC 8216 4.3.4; rfc8216bis 4.4.6). */
export const multivariantTags: readonly (readonly [string, TagHandler])[] = [
  [
    '#EXT-X-STREAM-INF',
    (draft, value, line) => {
      draft.is('multivariant')
      if (draft.pendingVariant !== undefined) {
        const says = 'An EXT-X-STREAM-INF has no URI line after it.'
        draft.report.add('error', 'variant-without-uri', says, draft.pendingVariant.line)
      }
      draft.pendingVariant = { attributes: draft.attributes('EXT-X-STREAM-INF', value, line), line }
    },
  ],
  [
    '#EXT-X-I-FRAME-STREAM-INF',
    (draft, value, line) => {
      draft.is('multivariant')
      const tag = 'EXT-X-I-FRAME-STREAM-INF'
      const attributes = draft.attributes(tag, value, line)
      const uri = draft.required(attributes, 'URI', tag, line)
      if (uri === undefined || draft.iFrameVariants.length >= limits.variants) return
      draft.iFrameVariants.push(variant(draft, uri, attributes, tag, line))
    },
  ],
  ['#EXT-X-MEDIA', mediaTag],
  [
    '#EXT-X-CONTENT-STEERING',
    (draft, value, line) => {
      draft.is('multivariant')
      const attributes = draft.attributes('EXT-X-CONTENT-STEERING', value, line)
      const serverUri = draft.required(attributes, 'SERVER-URI', 'EXT-X-CONTENT-STEERING', line)
      if (serverUri === undefined) return
      draft.contentSteering = { serverUri, pathwayId: attributes.get('PATHWAY-ID') }
    },
  ],
  [
    '#EXT-X-SESSION-KEY',
    (draft, value, line) => {
      draft.is('multivariant')
      const key = readKey(draft, 'EXT-X-SESSION-KEY', value, line)
      if (key !== undefined && draft.sessionKeys.length < 64) draft.sessionKeys.push(key)
    },
  ],
  ['#EXT-X-SESSION-DATA', (draft) => draft.is('multivariant')],
]
