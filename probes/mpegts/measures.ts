import type { MeasurementDeclaration } from '../../src/core/sample.ts'
import { deepMeasures } from '../../src/plugin/deep/measures.ts'
import { flowMeasures } from '../../src/formats/mpegts/flow-measures.ts'

/** What the MPEG-TS probe measures. */
export const measures: readonly MeasurementDeclaration[] = [
  ...flowMeasures,
  {
    name: 'http_status',
    kind: 'gauge',
    unit: 'count',
    help: 'Over HTTP: the status code of the answer.',
  },
  {
    name: 'http_connect_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Over HTTP: TCP connect time of the pull.',
  },
  {
    name: 'http_first_byte_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Over HTTP: time from the request to the first byte of the answer.',
  },
  {
    name: 'pcr_delay_spread_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Over UDP and RTP: latest minus earliest arrival by the program clock since the look before, with the delays of this machine in it.',
  },
  {
    name: 'rtp_packets',
    kind: 'counter',
    unit: 'count',
    help: 'RTP packets of the stream that came.',
  },
  {
    name: 'rtp_packets_lost',
    kind: 'counter',
    unit: 'count',
    help: 'RTP packets that were missing when their turn came.',
  },
  {
    name: 'rtp_packets_reordered',
    kind: 'counter',
    unit: 'count',
    help: 'RTP packets that came after a later one, in time to be put in order.',
  },
  {
    name: 'rtp_packets_repeated',
    kind: 'counter',
    unit: 'count',
    help: 'RTP packets that came again.',
  },
  {
    name: 'rtp_source_changes',
    kind: 'counter',
    unit: 'count',
    help: 'Times that the synchronisation source (SSRC) or its sequence changed: another sender, or a restart.',
  },
  {
    name: 'rtp_jitter_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Interarrival jitter of RTP packets (RFC 3550, 6.4.1), with the delays of this machine in it.',
  },
  {
    name: 'datagrams_ignored',
    kind: 'counter',
    unit: 'count',
    help: 'Datagrams that carry no transport stream, such as forward error correction.',
  },
  ...deepMeasures,
]
