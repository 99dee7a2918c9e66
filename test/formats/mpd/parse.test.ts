import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Mpd } from '../../../src/formats/mpd/model.ts'
import { parseMpd } from '../../../src/formats/mpd/parse.ts'
import { readDuration } from '../../../src/formats/mpd/values.ts'
import { byNumber, byTime, dynamicMpd } from './mpd-text.ts'

const url = 'https://cdn.example/live/main.mpd'

function parsed(text: string): Mpd {
  const mpd = parseMpd(text, { url })
  if (mpd.kind !== 'mpd') throw new Error(mpd.says)
  return mpd
}

const codes = (text: string) => parsed(text).findings.map(({ code }) => code)

describe('a live manifest', () => {
  it('gives its times, its representations and what they inherit', () => {
    const mpd = parsed(
      dynamicMpd(byNumber, {
        attributes:
          'publishTime="2026-01-02T00:00:00Z" timeShiftBufferDepth="PT1M" suggestedPresentationDelay="PT6S"',
        top: `<ServiceDescription><Latency target="3500" min="2000" max="6000"/></ServiceDescription>
          <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="https://time.example/now"/>
          <UTCTiming schemeIdUri="urn:mpeg:dash:utc:ntp:2014" value="ntp.example"/>
          <Location>https://other.example/main.mpd</Location>
          <ContentSteering>https://steer.example/</ContentSteering>`,
      }),
    )

    expect(mpd).toMatchObject({
      isDynamic: true,
      availabilityStart: Date.UTC(2026, 0, 1),
      publishTime: Date.UTC(2026, 0, 2),
      minimumUpdatePeriod: 2,
      timeShiftBufferDepth: 60,
      suggestedPresentationDelay: 6,
      latency: { target: 3.5 },
      location: 'https://other.example/main.mpd',
      utcTimings: [
        { scheme: 'http-iso', value: 'https://time.example/now' },
        { scheme: 'other', value: 'ntp.example' },
      ],
      steering: true,
      patch: false,
      findings: [],
    })
    expect(mpd.periods[0]?.representations).toMatchObject([
      { key: 'video v hi', kind: 'video', bandwidth: 300_000, width: 1_280, height: 720 },
      { key: 'video v lo', kind: 'video', bandwidth: 200_000 },
      { key: 'audio a en', kind: 'audio', bandwidth: 48_000, codecs: 'mp4a.40.2' },
    ])
  })

  it('notes protection, its key id and reference times', () => {
    const mpd = parsed(
      dynamicMpd(
        `<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" cenc:default_KID="ABCDEF01-2345-6789-abcd-ef0123456789"/>
         <ProducerReferenceTime id="0" type="encoder" wallClockTime="2026-01-01T00:00:00Z" presentationTime="0"/>${byNumber}`,
      ),
    )

    expect(mpd.periods[0]?.representations[0]).toMatchObject({
      isProtected: true,
      keyId: 'abcdef0123456789abcdef0123456789',
      hasReferenceTime: true,
    })
  })

  it('adds availability offsets over its levels and resolves base URLs over them', () => {
    const mpd = parsed(
      dynamicMpd(
        `<BaseURL availabilityTimeOffset="0.5">video/</BaseURL>
         <SegmentTemplate timescale="1" duration="2" media="$Number$.m4s" availabilityTimeOffset="1.25" availabilityTimeComplete="false"/>`,
        {
          top: '<BaseURL>https://edge.example/ch1/</BaseURL><BaseURL>https://b.example/</BaseURL>',
        },
      ),
    )

    expect(mpd.periods[0]?.representations[0]).toMatchObject({
      base: 'https://edge.example/ch1/video/',
      availabilityTimeOffset: 1.75,
      availabilityTimeComplete: false,
    })
  })

  it('chains periods without a start, and leaves out one that has none yet', () => {
    const period = '<Period duration="PT10S"><AdaptationSet/></Period>'
    const mpd = parsed(
      `<MPD type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z"><Period start="PT5S" duration="PT10S"/>${period}<Period/><Period/></MPD>`,
    )

    expect(mpd.periods.map(({ start, end }) => [start, end])).toEqual([
      [5, 15],
      [15, 25],
      [25, undefined],
    ])
  })

  it('keeps times beyond 2^53 exact', () => {
    const mpd = parsed(dynamicMpd(byTime('<S t="17000000000000000123" d="20000000" r="1"/>')))

    const addressing = mpd.periods[0]?.representations[0]?.addressing
    expect(addressing).toMatchObject({
      timeline: [{ start: 17_000_000_000_000_000_123n, count: 2 }],
    })
  })
})

describe('what a manifest should not have', () => {
  it.each<[string, string, readonly string[]]>([
    ['no availabilityStartTime', '<MPD type="dynamic"><Period/></MPD>', ['no-availability-start']],
    ['no period', '<MPD type="static"/>', ['no-period']],
    ['no media', dynamicMpd('<SegmentTemplate duration="2"/>'), ['no-media-template']],
    ['no duration', dynamicMpd('<SegmentTemplate media="$Number$.m4s"/>'), ['no-segment-duration']],
    [
      'no number in its template',
      dynamicMpd('<SegmentTemplate duration="2" media="a.m4s"/>'),
      ['bad-media-template'],
    ],
    ['an S without duration', dynamicMpd(byTime('<S t="0"/><S d="2000"/>')), ['bad-timeline']],
    ['a gap', dynamicMpd(byTime('<S t="0" d="2000"/><S t="5000" d="2000"/>')), ['timeline-gap']],
    [
      'an overlap',
      dynamicMpd(byTime('<S t="0" d="2000"/><S t="500" d="2000"/>')),
      ['timeline-overlap'],
    ],
    [
      'a period elsewhere',
      '<MPD xmlns:xlink="x" type="static"><Period xlink:href="https://ads.example/p"/><Period start="PT0S"/></MPD>',
      ['xlink-refused'],
    ],
  ])('%s is a finding', (_, text, expected) => {
    expect([...new Set(codes(text))]).toEqual(expected)
  })

  it('is said once for all representations of a set', () => {
    const gap = dynamicMpd(byTime('<S t="0" d="2000"/><S t="5000" d="2000"/>'))

    expect(codes(gap)).toEqual(['timeline-gap', 'timeline-gap'])
  })

  it('is read all the same where it is not well-formed, with the line', () => {
    const text = readFileSync(
      new URL('../../fixtures/dash/livesim2/testpic_2s-Manifest.mpd', import.meta.url),
      'utf8',
    )

    const mpd = parsed(text)

    expect(mpd.findings).toMatchObject([{ code: 'not-well-formed', severity: 'warning', line: 2 }])
    expect(mpd.periods[0]?.representations).toHaveLength(2)
  })
})

describe('a body that is no manifest', () => {
  it.each([
    ['', 'is empty'],
    ['<!DOCTYPE html><html></html>', 'is no manifest but looks like html'],
    ['{"error":1}', 'is no manifest but looks like json'],
    ['not found', 'is no manifest but looks like text'],
    ['#EXTM3U\n', 'is no manifest but looks like text'],
    [
      '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>',
      'is no manifest: line 1 has the root <Error>',
    ],
    [
      '<?xml version="1.0"?>\n<!DOCTYPE MPD [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<MPD>&x;</MPD>',
      'is no manifest: line 2 has a document type, which is refused',
    ],
  ])('%j %s', (body, says) => {
    expect(parseMpd(body, { url })).toEqual({ kind: 'not-an-mpd', says })
  })
})

describe('a duration', () => {
  it.each([
    ['PT2S', 2],
    ['PT1H2M3.5S', 3_723.5],
    ['P1DT1S', 86_401],
    ['-PT1S', -1],
    ['P', undefined],
    ['PT', undefined],
    ['2', undefined],
    ['PT2', undefined],
    ['', undefined],
  ])('%s is %s seconds', (text, seconds) => {
    expect(readDuration(text)).toBe(seconds)
  })
})
