import type { MeasurementDeclaration } from '../../src/core/sample.ts'

/** What the HAProxy reader measures of one server; rates are those since the look before. */
export const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'api_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time in which HAProxy answered.',
  },
  {
    name: 'balancer_weight',
    kind: 'gauge',
    unit: 'count',
    help: 'The weight that the server has now.',
  },
  {
    name: 'balancer_sessions',
    kind: 'gauge',
    unit: 'count',
    help: 'Sessions that the server has now.',
  },
  {
    name: 'balancer_incoming_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bitrate from clients to the server.',
  },
  {
    name: 'balancer_outgoing_bits_per_second',
    kind: 'gauge',
    unit: 'bits_per_second',
    help: 'Bitrate from the server to clients.',
  },
  {
    name: 'balancer_error_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Of the sessions since the look before, those whose connection or answer failed.',
  },
  {
    name: 'balancer_failed_checks',
    kind: 'gauge',
    unit: 'count',
    help: "HAProxy's own health checks of the server that failed since the look before.",
  },
  {
    name: 'balancer_state_age_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How long HAProxy has seen the server in its present state.',
  },
]
