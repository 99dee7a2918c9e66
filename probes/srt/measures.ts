import type { MeasurementDeclaration } from '../../src/core/sample.ts'
import { deepMeasures } from '../../src/plugin/deep/measures.ts'
import { flowMeasures } from '../../src/formats/mpegts/flow-measures.ts'

/** What the SRT probe measures; of the link, what the receiving side knows. */
export const measures: readonly MeasurementDeclaration[] = [
  ...flowMeasures,
  {
    name: 'srt_rtt_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Round trip time of the link, smoothed.',
  },
  {
    name: 'srt_latency_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'The latency that both sides agreed on: the time for sending packets again.',
  },
  {
    name: 'srt_buffer_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Media in the receive buffer.',
  },
  {
    name: 'srt_receive_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'What the link receives, packets that were sent again included.',
  },
  {
    name: 'srt_packets',
    kind: 'counter',
    unit: 'count',
    help: 'Packets that were received.',
  },
  {
    name: 'srt_packets_lost',
    kind: 'counter',
    unit: 'count',
    help: 'Packets that were missing when later ones came; most of them come again.',
  },
  {
    name: 'srt_packets_dropped',
    kind: 'counter',
    unit: 'count',
    help: 'Packets that were given up: they are missing from the stream.',
  },
  {
    name: 'srt_packets_retransmitted',
    kind: 'counter',
    unit: 'count',
    help: 'Packets that came because they had been asked for again.',
  },
  {
    name: 'srt_packets_belated',
    kind: 'counter',
    unit: 'count',
    help: 'Packets that came when they had been given up.',
  },
  {
    name: 'srt_loss_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Packets missing at first among all, since the look before.',
  },
  {
    name: 'srt_drop_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Packets given up among all, since the look before.',
  },
  ...deepMeasures,
]
