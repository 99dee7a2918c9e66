import { z } from 'zod'
import type { Clock, Random } from '../../src/core/clock.ts'
import type { MeasurementDeclaration, Observation } from '../../src/core/sample.ts'
import type { PathSettings } from '../../src/core/settings.ts'
import type { Net } from '../../src/plugin/net.ts'
import type { Due, ProbeContext, ProbePlugin } from '../../src/plugin/probe.ts'

/** What a look finds; it may take virtual time and may throw. */
export type LookScript = (
  due: Due,
  context: ProbeContext,
  options: unknown,
) => Observation | Promise<Observation>

/** A probe without a network: each look is a function of the test. */
export function scriptedProbe(
  look: LookScript,
  measures: readonly MeasurementDeclaration[] = [],
): ProbePlugin {
  return {
    type: 'sim',
    summary: 'A path as a test tells it.',
    options: z.object({}).loose(),
    measures,
    async *observe(options, context) {
      for await (const due of context.due) yield await look(due, context, options)
    },
  }
}

export function pass(measurements: Observation['measurements'] = {}): Observation {
  return { outcome: 'pass', measurements, findings: [] }
}

export function fail(reason = 'connection refused'): Observation {
  return { outcome: 'fail', reason, diagnosis: 'unreachable', measurements: {}, findings: [] }
}

/** Chance that always says the same. */
export function always(value: number): Random {
  return { next: () => value }
}

/** Waits in virtual time as a slow peer would make a look wait. */
export async function taking(clock: Clock, ms: number, found = pass()): Promise<Observation> {
  await clock.sleep(ms)
  return found
}

export function pathSettings(overrides: Partial<PathSettings> = {}): PathSettings {
  return {
    name: 'cdn-a',
    type: 'sim',
    options: {},
    shows: 'sim://cdn-a',
    everyMs: 5_000,
    ...overrides,
  }
}

const refused = {
  ok: false,
  fault: 'refused',
  phase: 'connect',
  says: 'connection refused',
  bytes: 0,
  timings: { total: 0 },
} as const

/** A network on which nobody answers. */
export const noNet: Net = {
  http: async () => refused,
  exchange: async () => refused,
  connect: async () => refused,
  open: async () => refused,
  datagram: async () => refused,
  receive: async () => refused,
  nameServers: () => [],
}
