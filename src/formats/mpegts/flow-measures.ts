import type { MeasurementDeclaration } from '../../core/sample.ts'
import { type IndicatorId, indicators } from './tr101290.ts'

/** The counter of each indicator of TR 101 290. */
export const counterOf = {
  '1.1': 'ts_sync_losses',
  '1.2': 'ts_sync_byte_errors',
  '1.3a': 'ts_pat_errors',
  '1.4': 'ts_continuity_errors',
  '1.5a': 'ts_pmt_errors',
  '1.6': 'ts_pid_errors',
  '2.1': 'ts_transport_errors',
  '2.2': 'ts_crc_errors',
  '2.3a': 'ts_pcr_repetition_errors',
  '2.3b': 'ts_pcr_discontinuities',
  '2.5': 'ts_pts_errors',
  '2.6': 'ts_cat_errors',
} as const satisfies Record<IndicatorId, string>

const ids = Object.keys(indicators) as IndicatorId[]

/** What a probe that watches a transport stream without end measures. Counters last as long as the session. */
export const flowMeasures: readonly MeasurementDeclaration[] = [
  {
    name: 'bitrate_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Transport stream that arrived since the look before.',
  },
  {
    name: 'video_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Packets of picture PIDs since the look before, headers included.',
  },
  {
    name: 'audio_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Packets of sound PIDs since the look before, headers included.',
  },
  {
    name: 'table_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Packets of PAT, CAT and PMT PIDs since the look before.',
  },
  {
    name: 'data_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Packets of all other PIDs but null packets, since the look before.',
  },
  {
    name: 'null_packet_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Null packets among all packets since the look before.',
  },
  {
    name: 'stream_stall_seconds',
    kind: 'age',
    unit: 'seconds',
    help: 'Time since a packet that is no null packet arrived.',
  },
  {
    name: 'first_media_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time from the beginning of the pull to the first packets; at its first look only.',
  },
  {
    name: 'stream_connections',
    kind: 'counter',
    unit: 'count',
    help: 'Pulls that brought media; more than one where the stream broke.',
  },
  {
    name: 'video_pids',
    kind: 'gauge',
    unit: 'count',
    help: 'Picture PIDs that the tables announce.',
  },
  {
    name: 'video_pids_missing',
    kind: 'gauge',
    unit: 'count',
    help: 'Picture PIDs that the tables announce and that are absent for 5 s.',
  },
  {
    name: 'audio_pids',
    kind: 'gauge',
    unit: 'count',
    help: 'Sound PIDs that the tables announce.',
  },
  {
    name: 'audio_pids_missing',
    kind: 'gauge',
    unit: 'count',
    help: 'Sound PIDs that the tables announce and that are absent for 5 s.',
  },
  {
    name: 'ts_tables_overdue',
    kind: 'gauge',
    unit: 'count',
    help: 'PAT and PMTs that did not come for more than 0.5 s, now.',
  },
  {
    name: 'media_clock_drift_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How much later (positive) media arrives by its own program clock than in the first seconds.',
  },
  ...ids.map((id): MeasurementDeclaration => {
    const { name, says } = indicators[id]
    const help = `TR 101 290 ${id} ${name}: ${says}.`
    return { name: counterOf[id], kind: 'counter', unit: 'count', help: `Count of ${help}` }
  }),
]
