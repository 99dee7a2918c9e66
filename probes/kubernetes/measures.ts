import type { MeasurementDeclaration } from '../../src/core/sample.ts'
import { serverMeasures } from '../../src/plugin/server-reading.ts'

const shared = new Set(['api_seconds', 'process_uptime_seconds', 'process_restarts'])

/** What the Kubernetes probe measures. */
export const measures: readonly MeasurementDeclaration[] = [
  ...serverMeasures.filter(({ name }) => shared.has(name)),
  {
    name: 'endpoints_ready',
    kind: 'gauge',
    unit: 'count',
    help: 'Endpoints of the service that are ready for traffic.',
  },
  {
    name: 'endpoints',
    kind: 'gauge',
    unit: 'count',
    help: 'Endpoints of the service, ready or not.',
  },
  {
    name: 'pods_ready',
    kind: 'gauge',
    unit: 'count',
    help: 'Pods of the selector that are ready and not about to end.',
  },
  { name: 'pods', kind: 'gauge', unit: 'count', help: 'Pods of the selector, ready or not.' },
]
