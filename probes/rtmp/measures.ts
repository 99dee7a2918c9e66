import type { MeasurementDeclaration } from '../../src/core/sample.ts'
import { deepMeasures } from '../../src/plugin/deep/measures.ts'

const phase = (name: string, help: string): MeasurementDeclaration => ({
  name: `rtmp_${name}_seconds`,
  kind: 'gauge',
  unit: 'seconds',
  help,
})

/** What the RTMP probe measures. Times of a connection stand in the look at which it was new. */
export const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'media_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since the newest picture or sound arrived, over all connections; absent before the first.',
  },
  {
    name: 'video_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since the newest picture arrived; absent where the stream has shown none.',
  },
  {
    name: 'audio_age_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since the newest sound arrived; absent where the stream has brought none.',
  },
  {
    name: 'bitrate_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bits of picture and sound since the last look by the time between, as they arrived.',
  },
  {
    name: 'video_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bits of the picture since the last look by the time between.',
  },
  {
    name: 'audio_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bits of the sound since the last look by the time between.',
  },
  {
    name: 'metadata_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bitrate of picture and sound that onMetaData announces; absent where it lacks one of them.',
  },
  {
    name: 'frames_per_second',
    kind: 'gauge',
    unit: 'count',
    help: 'Pictures since the last look by the time between.',
  },
  {
    name: 'metadata_frames_per_second',
    kind: 'gauge',
    unit: 'count',
    help: 'Frame rate that onMetaData announces.',
  },
  {
    name: 'key_frame_interval_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Media time between the newest two key frames, or since the newest where that is longer.',
  },
  {
    name: 'timestamp_gap_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Largest jump of the time stamps of picture or sound, ahead or back, since the last look.',
  },
  {
    name: 'timestamp_gaps',
    kind: 'gauge',
    unit: 'count',
    help: 'Jumps of time stamps, ahead or back, since the last look.',
  },
  {
    name: 'interleave_skew_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How far picture and sound that arrive together lie apart; the most since the last look.',
  },
  {
    name: 'stream_drift_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Elapsed time minus elapsed media since the connection began, by arrival; positive is late.',
  },
  {
    name: 'stream_breaks',
    kind: 'counter',
    unit: 'count',
    help: 'How often a stream that played broke off since watching began.',
  },
  {
    name: 'connection_age_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time since the first picture or sound of the present connection.',
  },
  phase('dns', 'Time to look the name up; absent for an address.'),
  phase('tcp', 'TCP connect time.'),
  phase('tls', 'Time of the TLS handshake; absent without TLS.'),
  phase('handshake', 'Time of the RTMP handshake.'),
  phase('connect', 'Time until the server accepted the connect command.'),
  phase('create_stream', 'Time until the server gave a stream to play on.'),
  phase(
    'play_start',
    'Time until the server said that it plays, which it may do without a stream.',
  ),
  phase('first_media', 'Time from the beginning to the first picture or sound.'),
  {
    name: 'certificate_days',
    kind: 'gauge',
    unit: 'days',
    help: 'Days until the certificate of the server expires; absent without TLS.',
  },
  ...deepMeasures,
]
