import type { MeasurementDeclaration } from '../../src/core/sample.ts'
import { deepMeasures } from '../../src/plugin/deep/measures.ts'

/** What the DASH probe measures, under the names of the HLS probe where the meaning is the same. */
export const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'playlist_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since any audio or video representation last had a new segment, listed or found by the clock; 0 at first sight.',
  },
  {
    name: 'rendition_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since the representation that stands still longest last had a new segment.',
  },
  {
    name: 'target_duration_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'The longest newest segment of all representations, or minimumUpdatePeriod (up to a minute) where segments are listed and that is longer.',
  },
  {
    name: 'edge_age_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: "The server's time minus the end of the newest segment on the time line of the manifest, of the oldest edge.",
  },
  {
    name: 'live_latency_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'The latency that a conforming player aims at: Latency target, else suggestedPresentationDelay.',
  },
  {
    name: 'capture_latency_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: "The server's time at which a segment had come minus the capture of its end by the clock of its producer (prft).",
  },
  {
    name: 'availability_delay_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: "At first sight of a new segment: the server's time minus the moment at which the manifest says that it is whole. Includes up to one cadence.",
  },
  {
    name: 'stream_drift_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Elapsed time minus elapsed media since watching began: of listed segments by arrival, of others by decode times against the time line.',
  },
  {
    name: 'renditions',
    kind: 'gauge',
    unit: 'count',
    help: 'Representations that should be there.',
  },
  {
    name: 'renditions_missing',
    kind: 'gauge',
    unit: 'count',
    help: 'Representations whose segments by the clock could not be had at this look, the last one known included.',
  },
  {
    name: 'segments_listed',
    kind: 'gauge',
    unit: 'count',
    help: 'Segments that can be had of the representation with the fewest, in the newest period.',
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
    help: 'Bits by duration of the last segment of each video and audio representation, summed over all.',
  },
  {
    name: 'advertised_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Attribute bandwidth of each video and audio representation, summed over all.',
  },
  {
    name: 'download_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Time to the last byte of a segment by its duration; the slowest of this look.',
  },
  {
    name: 'media_gap_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Media missing or written twice between successive segments and fragments, by decode times.',
  },
  {
    name: 'sequence_regressions',
    kind: 'gauge',
    unit: 'count',
    help: 'Representations whose listed live edge went backwards at this look.',
  },
  {
    name: 'spec_violations',
    kind: 'gauge',
    unit: 'count',
    help: 'Rules of the DASH specification broken at this look.',
  },
  {
    name: 'received_bytes',
    kind: 'gauge',
    unit: 'bytes',
    help: 'Bytes of manifest and segments in this look, after decompression.',
  },
  {
    name: 'http_connect_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'TCP connect time of the manifest; absent where the connection was reused.',
  },
  {
    name: 'http_first_byte_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to the first byte of the manifest.',
  },
  {
    name: 'http_total_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to the last byte of the manifest.',
  },
  {
    name: 'certificate_days',
    kind: 'gauge',
    unit: 'days',
    help: 'Days until the certificate of the manifest server expires.',
  },
  {
    name: 'clock_offset_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: "The stream's clock (UTCTiming, else the Date header, half a second uncertain) minus ours.",
  },
  ...deepMeasures,
]
