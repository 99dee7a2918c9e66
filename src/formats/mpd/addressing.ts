import type { Report } from '../m3u8/report.ts'
import type { Addressing, Place, TimelineRun } from './model.ts'
import { readTimeline } from './timeline.ts'
import { resolveUrl } from './urls.ts'
import { readNumber, readRange, readTicks, readUint } from './values.ts'
import { all, type Element, first } from './xml.ts'

/** What reading one manifest has found so far. */
export interface Reading {
  readonly report: Report
  /** A timeline of an adaptation set is read once for all its representations. */
  readonly timelines: Map<Element, readonly TimelineRun[]>
}

/** What a representation has from the levels above it. */
export interface Inherited {
  /** `undefined` where a BaseURL is neither http nor https. */
  readonly base: string | undefined
  /** Summed over the levels (ISO/IEC 23009-1, 5.6.4, on BaseURL and SegmentBase). */
  readonly availabilityTimeOffset: number
  readonly availabilityTimeComplete: boolean
  /** SegmentTemplate, SegmentList and SegmentBase of this level and those above, the lowest first. */
  readonly templates: readonly Element[]
  readonly lists: readonly Element[]
  readonly bases: readonly Element[]
}

/** Goes down one level. Of several BaseURLs, which are alternatives, the first is used. */
export function inherit(above: Inherited | undefined, element: Element, url = ''): Inherited {
  const baseUrl = first(element, 'BaseURL')
  const from = above === undefined ? url : above.base
  const own = (name: string) => all(element, name).slice(0, 1)
  const segments = [...own('SegmentTemplate'), ...own('SegmentList'), ...own('SegmentBase')]
  const sources = [...(baseUrl === undefined ? [] : [baseUrl]), ...segments]
  const offsets = sources.map(({ attributes }) => readNumber(attributes['availabilityTimeOffset']))
  const complete = sources
    .map(({ attributes }) => attributes['availabilityTimeComplete']?.trim())
    .find((each) => each !== undefined)
  return {
    base: baseUrl === undefined || from === undefined ? from : resolveUrl(baseUrl.text, from),
    availabilityTimeOffset: offsets.reduce<number>(
      (sum, each) => sum + (each ?? 0),
      above?.availabilityTimeOffset ?? 0,
    ),
    availabilityTimeComplete:
      complete === undefined ? (above?.availabilityTimeComplete ?? true) : complete !== 'false',
    templates: [...own('SegmentTemplate'), ...(above?.templates ?? [])],
    lists: [...own('SegmentList'), ...(above?.lists ?? [])],
    bases: [...own('SegmentBase'), ...(above?.bases ?? [])],
  }
}

/** How segments are found; an attribute of a lower level replaces the one of a higher (5.3.9.1). */
export function readAddressing(
  inherited: Inherited,
  reading: Reading,
  representation: Element,
): Addressing | undefined {
  const { templates, lists, bases } = inherited
  if (templates.length > 0) return readTemplate(templates, reading, representation)
  if (lists.length > 0) return readList(lists, reading)
  return { type: 'single', indexRange: readRange(attribute(bases, 'indexRange')) }
}

function readTemplate(
  levels: readonly Element[],
  reading: Reading,
  representation: Element,
): Addressing | undefined {
  const { report } = reading
  const media = attribute(levels, 'media')
  if (media === undefined) {
    const says = 'A SegmentTemplate has no media attribute, so its segments have no address.'
    report.add('error', 'no-media-template', says, levels[0]?.line)
    return undefined
  }
  const timed = readTimed(levels, reading)
  if (timed.timeline === undefined && timed.segmentDuration === undefined) {
    const says = 'A SegmentTemplate has neither a duration nor a SegmentTimeline.'
    report.add('error', 'no-segment-duration', says, levels[0]?.line ?? representation.line)
    return undefined
  }
  if (!/\$(?:Number|Time)(?:%|\$)/u.test(media)) {
    const says = 'The media attribute of a SegmentTemplate names neither $Number$ nor $Time$.'
    report.add('error', 'bad-media-template', says, levels[0]?.line)
    return undefined
  }
  return {
    type: 'template',
    ...timed,
    media,
    initialization: attribute(levels, 'initialization'),
    endNumber: readUint(attribute(levels, 'endNumber')),
  }
}

function readList(levels: readonly Element[], reading: Reading): Addressing {
  const owner = levels.find((level) => first(level, 'SegmentURL') !== undefined)
  const init = child(levels, 'Initialization')
  const timed = readTimed(levels, reading)
  // A list of one segment needs no duration (5.3.9.3): it is as long as its period.
  if (timed.timeline === undefined && timed.segmentDuration === undefined) {
    return { type: 'single', indexRange: undefined }
  }
  return {
    type: 'list',
    ...timed,
    initialization: init && readPlace(init, 'sourceURL', 'range'),
    segments: (owner === undefined ? [] : all(owner, 'SegmentURL')).map((each) =>
      readPlace(each, 'media', 'mediaRange'),
    ),
  }
}

function readPlace({ attributes }: Element, url: string, range: string): Place {
  return { url: attributes[url], range: readRange(attributes[range]) }
}

function readTimed(levels: readonly Element[], { report, timelines }: Reading) {
  const timescale = readUint(attribute(levels, 'timescale')) || 1
  const element = child(levels, 'SegmentTimeline')
  let timeline = element && timelines.get(element)
  if (element !== undefined && timeline === undefined) {
    timeline = readTimeline(all(element, 'S'), timescale, report)
    timelines.set(element, timeline)
  }
  return {
    timescale,
    presentationTimeOffset: readTicks(attribute(levels, 'presentationTimeOffset')) ?? 0n,
    startNumber: readUint(attribute(levels, 'startNumber')) ?? 1,
    segmentDuration: readUint(attribute(levels, 'duration')) || undefined,
    timeline,
  }
}

function attribute(levels: readonly Element[], name: string): string | undefined {
  for (const { attributes } of levels) {
    if (attributes[name] !== undefined) return attributes[name]
  }
  return undefined
}

function child(levels: readonly Element[], name: string): Element | undefined {
  for (const level of levels) {
    const found = first(level, name)
    if (found !== undefined) return found
  }
  return undefined
}
