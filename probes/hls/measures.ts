import type { MeasurementDeclaration } from '../../src/core/sample.ts'

/** What the HLS probe measures. */
export const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'playlist_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since any audio or video rendition last showed a new segment or part; 0 at first sight.',
  },
  {
    name: 'rendition_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since the rendition that stands still longest last showed a new segment or part.',
  },
  {
    name: 'target_duration_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'The longest target duration of all renditions.',
  },
  {
    name: 'edge_age_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Wall time minus the end of the newest media by EXT-X-PROGRAM-DATE-TIME, of the oldest edge.',
  },
  {
    name: 'availability_delay_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'At first sight of a new segment: wall time minus its end by EXT-X-PROGRAM-DATE-TIME. Includes up to one cadence.',
  },
  {
    name: 'stream_drift_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Elapsed time minus elapsed media since watching began, at the last new segment, by arrival.',
  },
  {
    name: 'renditions',
    kind: 'gauge',
    unit: 'count',
    help: 'Media playlists that should be there.',
  },
  {
    name: 'renditions_missing',
    kind: 'gauge',
    unit: 'count',
    help: 'Media playlists that could not be had at this look.',
  },
  {
    name: 'segments_listed',
    kind: 'gauge',
    unit: 'count',
    help: 'Segments in the shortest media playlist.',
  },
  {
    name: 'segments_missing_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Share of the last six segments tried that could not be had.',
  },
  {
    name: 'bitrate_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bits by duration of the last segment of each variant, summed over all variants.',
  },
  {
    name: 'advertised_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'AVERAGE-BANDWIDTH (else BANDWIDTH) of each variant, summed over all variants.',
  },
  {
    name: 'download_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Time to the last byte of a segment by its duration; the slowest of this look.',
  },
  {
    name: 'continuity_errors',
    kind: 'gauge',
    unit: 'count',
    help: 'Continuity errors in the MPEG-TS segments of this look.',
  },
  {
    name: 'media_gap_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Jump of timestamps between successive segments without a discontinuity.',
  },
  {
    name: 'keys_missing',
    kind: 'gauge',
    unit: 'count',
    help: 'Encrypted segments of this look whose key could not be had.',
  },
  {
    name: 'sequence_regressions',
    kind: 'gauge',
    unit: 'count',
    help: 'Media playlists whose sequence went backwards at this look.',
  },
  {
    name: 'spec_violations',
    kind: 'gauge',
    unit: 'count',
    help: 'Rules of the HLS specification broken at this look.',
  },
  {
    name: 'http_connect_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'TCP connect time, the slowest of this look; absent where connections were reused.',
  },
  {
    name: 'http_first_byte_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to the first byte of a playlist, the slowest of this look.',
  },
  {
    name: 'http_total_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to the last byte of a playlist, the slowest of this look.',
  },
  {
    name: 'clock_offset_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: "The server's clock (Date header, half a second uncertain) minus ours.",
  },
]
