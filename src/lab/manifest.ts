import { timescale } from './cmaf.ts'
import { FRAME_RATE } from './clip.ts'
import type { Segments } from './segments.ts'
import { newestSequence, type Programme } from './stream.ts'

/**
 * The live manifest (ISO/IEC 23009-1, 5.3) at wall time `at`, in milliseconds since the epoch. The
 * presentation began with the epoch, so that numbers, times and the wall clock agree; segments are
 * those of the playlists.
 */
export function manifest(programme: Programme, segments: Segments, at: number): string {
  const { segmentSeconds, window } = programme
  const first = newestSequence(programme, at) - window + 1
  const template =
    `<SegmentTemplate timescale="${timescale}" startNumber="${first}"` +
    ' initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s">' +
    `<SegmentTimeline><S t="${first * segmentSeconds * timescale}" d="${segmentSeconds * timescale}"` +
    ` r="${window - 1}"/></SegmentTimeline></SegmentTemplate>`
  const now = new Date(at).toISOString()
  const { renditions } = segments.clip
  const pictures = renditions.map(({ name, width, height, codecs }) => {
    const { peak } = segments.rates(name, segmentSeconds, 'video')
    const codec = (codecs.split(',')[0] ?? '').replace('avc1', 'avc3')
    return (
      `<Representation id="${name}" bandwidth="${peak}" codecs="${codec}"` +
      ` width="${width}" height="${height}" frameRate="${FRAME_RATE}"/>`
    )
  })
  const [{ name, codecs } = { name: '360p', codecs: '' } as const] = renditions
  const { peak } = segments.rates(name, segmentSeconds, 'audio')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"' +
      ` type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="${now}"` +
      ` minimumUpdatePeriod="PT${segmentSeconds}S" minBufferTime="PT${segmentSeconds}S"` +
      ` timeShiftBufferDepth="PT${window * segmentSeconds}S"` +
      ` suggestedPresentationDelay="PT${3 * segmentSeconds}S" maxSegmentDuration="PT${segmentSeconds}S">`,
    '<Period id="1" start="PT0S">',
    '<AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">',
    template,
    ...pictures,
    '</AdaptationSet>',
    '<AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">',
    template,
    `<Representation id="sound" bandwidth="${peak}" codecs="${codecs.split(',')[1] ?? ''}" audioSamplingRate="48000"/>`,
    '</AdaptationSet>',
    '</Period>',
    `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="${now}"/>`,
    '</MPD>',
    '',
  ].join('\n')
}
