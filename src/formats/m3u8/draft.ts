import { type Attributes, parseAttributes } from './attributes.ts'
import type {
  ByteRange,
  ContentSteering,
  DateRange,
  InitSection,
  Key,
  NamedTag,
  Part,
  PreloadHint,
  Rendition,
  RenditionReport,
  Segment,
  ServerControl,
  Skip,
  Start,
  Variant,
} from './model.ts'
import { Report } from './report.ts'

/** Bounds on what one playlist may make us keep. */
export const limits = { lines: 200_000, list: 20_000, variants: 500, variables: 200 } as const

/** The keys of segments before the first EXT-X-KEY: a delta update carries on those before it. */
export const unstatedKeys: readonly Key[] = []

/** What stands before the next segment and applies to it alone. */
export interface PendingSegment {
  duration: number | undefined
  durationLine: number
  discontinuity: boolean
  gap: boolean
  programDateTime: number | undefined
  byteRange: { readonly length: number; readonly offset: number | undefined } | undefined
  parts: Part[]
}

/** The playlist while it is being read. */
export class Draft {
  readonly report = new Report()
  readonly url: string | undefined
  readonly imports: ReadonlyMap<string, string> | undefined
  readonly variables = new Map<string, string>()
  /** The first tag that belongs to one kind of playlist only decides. */
  kind: 'media' | 'multivariant' | undefined
  mixed = false

  version: number | undefined
  independentSegments = false
  start: Start | undefined

  targetDuration: number | undefined
  mediaSequence: number | undefined
  discontinuitySequence: number | undefined
  discontinuities = 0
  endList = false
  playlistType: 'EVENT' | 'VOD' | undefined
  iFramesOnly = false
  partTarget: number | undefined
  serverControl: ServerControl | undefined
  skip: Skip | undefined
  readonly segments: Segment[] = []
  readonly preloadHints: PreloadHint[] = []
  readonly renditionReports: RenditionReport[] = []
  readonly dateRanges: DateRange[] = []
  readonly tagLines: Partial<Record<NamedTag, number>> = {}
  pending: PendingSegment = emptyPending()
  keys: readonly Key[] = unstatedKeys
  /** Several EXT-X-KEY lines in a row (one for each key format) apply together. */
  keysOpen = false
  map: InitSection | undefined
  bitrate: number | undefined
  /** The last byte range and its resource: one without an offset follows it. */
  lastRange: (ByteRange & { readonly uri: string }) | undefined
  lastPartRange: (ByteRange & { readonly uri: string }) | undefined

  readonly variants: Variant[] = []
  readonly iFrameVariants: Variant[] = []
  readonly renditions: Rendition[] = []
  contentSteering: ContentSteering | undefined
  readonly sessionKeys: Key[] = []
  pendingVariant:
    | { readonly attributes: ReadonlyMap<string, string>; readonly line: number }
    | undefined

  constructor(url: string | undefined, imports: ReadonlyMap<string, string> | undefined) {
    this.url = url
    this.imports = imports
  }

  /** Notes that a tag of `kind` was seen. */
  is(kind: 'media' | 'multivariant'): void {
    if (this.kind === undefined) this.kind = kind
    else if (this.kind !== kind) this.mixed = true
  }

  /** The attributes of a tag, variables substituted; a faulty list is a finding. */
  attributes(tag: string, value: string, line: number): Attributes['values'] {
    const { values, fault } = parseAttributes(value)
    if (fault !== undefined) {
      const what = fault === 'syntax' ? 'is not well-formed' : 'names an attribute twice'
      this.report.add(
        'warning',
        `attribute-list-${fault}`,
        `The attribute list of ${tag} ${what}.`,
        line,
      )
    }
    if (this.variables.size === 0 || !value.includes('{$')) return values
    return new Map(Array.from(values, ([name, text]) => [name, this.substitute(text, line)]))
  }

  /** Replaces `{$name}` (rfc8216bis 4.3); an unknown name stays as it is and is a finding. */
  substitute(text: string, line: number): string {
    if (!text.includes('{$')) return text
    return text.replaceAll(/\{\$([\w-]+)\}/gu, (whole, name: string) => {
      const value = this.variables.get(name)
      if (value !== undefined) return value
      this.report.add(
        'error',
        'undefined-variable',
        'A variable is used that no EXT-X-DEFINE defines.',
        line,
      )
      return whole
    })
  }

  /** A required attribute; its absence is a finding. */
  required(
    attributes: Attributes['values'],
    name: string,
    tag: string,
    line: number,
  ): string | undefined {
    const value = attributes.get(name)
    if (value === undefined || value === '') {
      this.report.add(
        'error',
        'missing-attribute',
        `${tag} lacks its required attribute ${name}.`,
        line,
      )
      return undefined
    }
    return value
  }
}

/** A fresh state for the next segment. */
export function emptyPending(): PendingSegment {
  return {
    duration: undefined,
    durationLine: 0,
    discontinuity: false,
    gap: false,
    programDateTime: undefined,
    byteRange: undefined,
    parts: [],
  }
}

/** What the handler of one tag does; `value` is what follows the colon, trimmed. */
export type TagHandler = (draft: Draft, value: string, line: number) => void
