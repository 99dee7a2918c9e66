import { lookalike } from '../m3u8/lookalike.ts'
import { Report } from '../m3u8/report.ts'
import type { Mpd, NotAnMpd, UtcTiming } from './model.ts'
import { readPeriods } from './periods.ts'
import { resolveUrl } from './urls.ts'
import { readDateTime, readDuration, readUint } from './values.ts'
import { all, type Element, first, readXml } from './xml.ts'

/** What reading a manifest may be told. */
export interface MpdOptions {
  /** The URL that it came from, redirects followed. */
  readonly url: string
}

/**
 * Reads a manifest (ISO/IEC 23009-1) into the model. Nothing throws, nothing is loaded, and memory
 * is in proportion to the bytes: a timeline of a thousand million repeats is one run.
 */
export function parseMpd(body: Buffer | string, { url }: MpdOptions): Mpd | NotAnMpd {
  const text = typeof body === 'string' ? body : body.toString('utf8')
  const likeness = lookalike(text)
  if (likeness === 'empty') return { kind: 'not-an-mpd', says: 'is empty' }
  if (likeness !== 'xml') {
    return { kind: 'not-an-mpd', says: `is no manifest but looks like ${likeness}` }
  }
  const xml = readXml(text.replace(/^\uFEFF/u, ''), 'MPD')
  if ('refused' in xml) {
    return { kind: 'not-an-mpd', says: `is no manifest: line ${xml.line} ${xml.refused}` }
  }
  const { root, malformed } = xml
  const report = new Report()
  if (malformed !== undefined) {
    report.add(
      'warning',
      'not-well-formed',
      `The manifest is not well-formed XML (${malformed.says}); what could be understood was read.`,
      malformed.line,
    )
  }
  const { attributes } = root
  const isDynamic = attributes['type']?.trim() === 'dynamic'
  const availabilityStart = readDateTime(attributes['availabilityStartTime'])
  if (isDynamic && availabilityStart === undefined) {
    const says = 'A dynamic manifest has no availabilityStartTime: no segment has a time.'
    report.add('error', 'no-availability-start', says, root.line)
  }
  const duration = readDuration(attributes['mediaPresentationDuration'])
  const periods = readPeriods(root, { url, isDynamic, duration, report })
  if (periods.length === 0)
    report.add('error', 'no-period', 'The manifest has no period.', root.line)
  return {
    kind: 'mpd',
    isDynamic,
    availabilityStart,
    publishTime: readDateTime(attributes['publishTime']),
    minimumUpdatePeriod: readDuration(attributes['minimumUpdatePeriod']),
    timeShiftBufferDepth: readDuration(attributes['timeShiftBufferDepth']),
    suggestedPresentationDelay: readDuration(attributes['suggestedPresentationDelay']),
    maxSegmentDuration: readDuration(attributes['maxSegmentDuration']),
    duration,
    location: locationOf(root, url),
    utcTimings: all(root, 'UTCTiming').slice(0, 8).map(readTiming),
    latency: readLatency(root),
    steering: first(root, 'ContentSteering') !== undefined,
    patch: first(root, 'PatchLocation') !== undefined,
    periods,
    findings: report.finish(),
  }
}

function locationOf(root: Element, url: string): string | undefined {
  const text = first(root, 'Location')?.text
  return text === undefined || text === '' ? undefined : resolveUrl(text, url)
}

/** The schemes of ISO/IEC 23009-1, 5.8.4.11, of either edition. */
function readTiming({ attributes }: Element): UtcTiming {
  const name = /^urn:mpeg:dash:utc:(direct|http-xsdate|http-iso|http-head):20\d\d$/u.exec(
    attributes['schemeIdUri'] ?? '',
  )?.[1]
  const scheme =
    name === 'direct' || name === 'http-xsdate' || name === 'http-iso' || name === 'http-head'
      ? name
      : 'other'
  return { scheme, value: (attributes['value'] ?? '').slice(0, 2_048) }
}

/** Latency is in milliseconds (annex K.3.2). */
function readLatency(root: Element): Mpd['latency'] {
  const latency = first(first(root, 'ServiceDescription'), 'Latency')
  if (latency === undefined) return undefined
  const target = readUint(latency.attributes['target'])
  return { target: target === undefined ? undefined : target / 1_000 }
}
