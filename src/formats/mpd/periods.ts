import type { Report } from '../m3u8/report.ts'
import { type Inherited, inherit, readAddressing, type Reading } from './addressing.ts'
import type { ContentKind, Period, Representation } from './model.ts'
import { readDuration, readUint } from './values.ts'
import { all, type Element, first } from './xml.ts'

/** Representations beyond these are left out, as no player offers so many. */
const mostRepresentations = 256
const mostPeriods = 2_000

export interface PeriodPlace {
  readonly url: string
  readonly isDynamic: boolean
  /** mediaPresentationDuration in seconds. */
  readonly duration: number | undefined
  readonly report: Report
}

/** Reads the periods that have a start (ISO/IEC 23009-1, 5.3.2.1); early ones have none yet. */
export function readPeriods(root: Element, place: PeriodPlace): readonly Period[] {
  const elements = all(root, 'Period').slice(0, mostPeriods)
  const top = inherit(undefined, root, place.url)
  const timed: { element: Element; start: number; duration: number | undefined }[] = []
  let next: number | undefined = 0
  for (const element of elements) {
    const start: number | undefined = readDuration(element.attributes['start']) ?? next
    const duration = readDuration(element.attributes['duration'])
    next = start === undefined || duration === undefined ? undefined : start + duration
    if (isLink(element, place.report) || start === undefined) continue
    timed.push({ element, start, duration })
  }
  const reading = { report: place.report, timelines: new Map() }
  return timed.map(({ element, start, duration }, at) => {
    const following = timed[at + 1]?.start
    const end = following ?? (duration === undefined ? place.duration : start + duration)
    return {
      id: element.attributes['id'],
      start,
      end,
      representations: readRepresentations(element, inherit(top, element), reading),
    }
  })
}

/** Parts of manifests elsewhere are not loaded: whoever may write one could make us ask anything. */
function isLink(element: Element, report: Report): boolean {
  const link = element.attributes['xlink:href']
  if (link === undefined || link === 'urn:mpeg:dash:resolve-to-zero:2013') return false
  const says = `A ${element.name} is somewhere else (xlink), which is not followed.`
  report.add('warning', 'xlink-refused', says, element.line)
  return true
}

function readRepresentations(
  period: Element,
  inherited: Inherited,
  reading: Reading,
): readonly Representation[] {
  const found: Representation[] = []
  const keys = new Map<string, number>()
  for (const [nth, set] of all(period, 'AdaptationSet').entries()) {
    if (isLink(set, reading.report)) continue
    const below = inherit(inherited, set)
    for (const element of all(set, 'Representation')) {
      if (found.length >= mostRepresentations) return found
      const read = readRepresentation(set, element, inherit(below, element), reading)
      if (read === undefined) continue
      // Ids are unique within a period; where they are not, the order keeps them apart.
      const plain = `${read.kind} ${set.attributes['id'] ?? nth} ${read.id}`
      const times = keys.get(plain) ?? 0
      keys.set(plain, times + 1)
      found.push({ ...read, key: times === 0 ? plain : `${plain} ${times}` })
    }
  }
  return found
}

function readRepresentation(
  set: Element,
  element: Element,
  inherited: Inherited,
  reading: Reading,
): Omit<Representation, 'key'> | undefined {
  const said = (name: string) => element.attributes[name] ?? set.attributes[name]
  const id = element.attributes['id'] ?? ''
  const codecs = said('codecs')
  const kind = kindOf(
    set.attributes['contentType'] ?? first(set, 'ContentComponent')?.attributes['contentType'],
    said('mimeType'),
    codecs,
  )
  const addressing = readAddressing(inherited, reading, element)
  if (inherited.base === undefined || addressing === undefined) return undefined
  const protections = [...all(set, 'ContentProtection'), ...all(element, 'ContentProtection')]
  return {
    id,
    kind,
    bandwidth: readUint(element.attributes['bandwidth']),
    codecs,
    width: readUint(said('width')),
    height: readUint(said('height')),
    isProtected: protections.length > 0,
    keyId: keyIdOf(protections),
    base: inherited.base,
    availabilityTimeOffset: inherited.availabilityTimeOffset,
    availabilityTimeComplete: inherited.availabilityTimeComplete,
    addressing,
    hasReferenceTime:
      first(set, 'ProducerReferenceTime') !== undefined ||
      first(element, 'ProducerReferenceTime') !== undefined,
  }
}

function kindOf(
  contentType: string | undefined,
  mimeType: string | undefined,
  codecs: string | undefined,
): ContentKind {
  const word = (contentType ?? mimeType?.split('/')[0] ?? '').trim()
  if (word === 'video' || word === 'audio' || word === 'text') return word
  // Subtitles in MP4 have the media type application/mp4.
  return /^(?:stpp|wvtt)/u.test(codecs ?? '') || mimeType?.includes('ttml') ? 'text' : 'other'
}

function keyIdOf(protections: readonly Element[]): string | undefined {
  for (const { attributes } of protections) {
    const keyId = attributes['cenc:default_KID']?.replaceAll('-', '').trim().toLowerCase()
    if (keyId !== undefined && /^[0-9a-f]{32}$/u.test(keyId)) return keyId
  }
  return undefined
}
