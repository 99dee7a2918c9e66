import { FRAME_RATE, type RenditionName } from './clip.ts'
import type { Segments } from './segments.ts'
import { newestSequence, type Programme } from './stream.ts'

/** The multivariant playlist (RFC 8216, 4.3.4) with rates measured on the segments themselves. */
export function multivariantPlaylist(programme: Programme, segments: Segments): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-INDEPENDENT-SEGMENTS']
  if (programme.captions) {
    lines.push(
      '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="English",LANGUAGE="en",' +
        'DEFAULT=YES,AUTOSELECT=YES,INSTREAM-ID="CC1"',
    )
  }
  for (const { name, width, height, codecs } of segments.clip.renditions) {
    const { peak, average } = segments.rates(name, programme.segmentSeconds)
    lines.push(
      `#EXT-X-STREAM-INF:BANDWIDTH=${peak},AVERAGE-BANDWIDTH=${average},` +
        `RESOLUTION=${width}x${height},CODECS="${codecs}",FRAME-RATE=${FRAME_RATE.toFixed(3)}` +
        (programme.captions ? ',CLOSED-CAPTIONS="cc"' : ''),
      `${name}.m3u8`,
    )
  }
  return `${lines.join('\n')}\n`
}

/** The live media playlist (RFC 8216, 4.3.3) at wall time `at`, in milliseconds since the epoch. */
export function mediaPlaylist(programme: Programme, rendition: RenditionName, at: number): string {
  const { segmentSeconds, window } = programme
  const first = newestSequence(programme, at) - window + 1
  let text =
    '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n' +
    `#EXT-X-TARGETDURATION:${segmentSeconds}\n#EXT-X-MEDIA-SEQUENCE:${first}\n`
  for (let sequence = first; sequence < first + window; sequence += 1) {
    const begins = new Date(sequence * segmentSeconds * 1_000).toISOString()
    text +=
      `#EXT-X-PROGRAM-DATE-TIME:${begins}\n#EXTINF:${segmentSeconds}.000,\n` +
      `${rendition}/${sequence}.ts\n`
  }
  return text
}
