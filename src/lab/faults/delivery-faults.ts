import { everything, type FaultKind } from './fault-kind.ts'

/** Faults of the way that the bytes take. */
export const deliveryFaults = {
  refuse: {
    says: 'Connections are refused: the port is closed, or, for a single stream, broken off at once.',
    on: everything,
    deliver: (how) => ({ ...how, end: 'refuse' }),
  },
  hang: {
    says: 'Requests are accepted and never answered.',
    on: everything,
    deliver: (how) => ({ ...how, end: 'hang' }),
  },
  reset: {
    says: 'The connection is reset in the middle of the body.',
    on: everything,
    deliver: (how) => ({ ...how, end: 'reset' }),
  },
  stall: {
    says: 'The first half of the body comes, and then nothing more.',
    on: everything,
    deliver: (how) => ({ ...how, end: 'stall' }),
  },
  endless: {
    says: 'The body never ends: 10 MB/s of comments after a playlist, of null packets after a segment.',
    on: everything,
    deliver: (how) => ({ ...how, end: 'endless' }),
  },
  'slow-loris': {
    says: 'The body comes at one byte a second.',
    on: everything,
    deliver: (how) => ({ ...how, bytesPerSecond: 1 }),
  },
  throttle: {
    says: 'Each body comes at this rate.',
    on: everything,
    value: { unit: 'bytes/s', default: 32_000, min: 1, max: 1_000_000_000 },
    deliver: (how, value) => ({ ...how, bytesPerSecond: Math.min(how.bytesPerSecond, value) }),
  },
  delay: {
    says: 'Every answer begins this much later.',
    on: everything,
    value: { unit: 'ms', default: 2_000, min: 1, max: 600_000 },
    deliver: (how, value) => ({ ...how, delayMs: how.delayMs + value }),
  },
} as const satisfies Record<string, FaultKind>
