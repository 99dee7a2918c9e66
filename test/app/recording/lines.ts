import type { PlacedLine } from '../../../src/app/recording/reader.ts'
import type { RecordedLine, RecordingHeader } from '../../../src/app/recording/recording-format.ts'

/** Wall time of monotonic 0 in recordings made by hand. */
export const wallStart = Date.parse('2026-03-04T05:00:00Z')

export const header: RecordingHeader = {
  kind: 'header',
  format: 1,
  version: '1.2.3',
  run: 'run-1',
  at: 0,
  wall: wallStart,
  profile: 'default',
  mode: 'armed',
  vantages: [{ name: 'fra', domain: 'hetzner' }],
  groups: [
    {
      name: 'channel-1/cdn',
      paths: [
        { name: 'cdn-a', type: 'hls', everyMs: 5_000 },
        { name: 'cdn-b', type: 'hls', everyMs: 5_000 },
      ],
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
    },
  ],
}

/** A recording made by hand: seconds in, lines out in the order of time. */
export class Tape {
  readonly #lines: { readonly line: RecordedLine; readonly order: number }[] = []

  constructor(first: RecordingHeader = header) {
    this.add(first)
  }

  add(line: RecordedLine): this {
    this.#lines.push({ line, order: this.#lines.length })
    return this
  }

  /** Looks at a path every `every` seconds from `from` up to, and without, `until`. */
  looks(
    path: string,
    [from, until]: readonly [number, number],
    outcome: 'pass' | 'fail' | 'unknown',
    more: { measurements?: Record<string, number>; every?: number; vantage?: string } = {},
  ): this {
    const { measurements = {}, every = 5, vantage = 'fra' } = more
    for (let at = from; at < until; at += every) {
      this.add({
        kind: 'sample',
        ...instant(at),
        path: `channel-1/cdn/${path}`,
        vantage,
        probe: 'hls',
        outcome,
        ...(outcome !== 'pass' && { reason: 'connection refused' }),
        measurements,
      })
    }
    return this
  }

  /** A change that the recorded watchdog made. */
  applied(
    at: number,
    from: string,
    to: string,
    reason: 'failover' | 'failback' | 'steer' = 'failover',
    intent = `i${at}`,
  ): this {
    return this.add({
      kind: 'event',
      ...instant(at),
      what: 'applied',
      group: 'channel-1/cdn',
      says: `${reason} to ${to}`,
      intent,
      reason,
      from: { 'cdn-a': 0, 'cdn-b': 0, [from]: 100 },
      to: { 'cdn-a': 0, 'cdn-b': 0, [to]: 100 },
    })
  }

  /** Something else that the journal of the recorded watchdog knows. */
  event(
    at: number,
    what: 'hold' | 'release' | 'ack' | 'foreign-edit' | 'frozen',
    to?: string,
  ): this {
    return this.add({
      kind: 'event',
      ...instant(at),
      what,
      group: 'channel-1/cdn',
      actor: 'ana',
      says: `ana: ${what}`,
      ...(to !== undefined && { to: { 'cdn-a': 0, 'cdn-b': 0, [to]: 100 } }),
    })
  }

  /** Of the same instant, what was added first comes first; a header before all else. */
  get lines(): readonly RecordedLine[] {
    return this.#lines
      .toSorted((a, b) => a.line.wall - b.line.wall || a.order - b.order)
      .map(({ line }) => line)
  }

  async *placed(): AsyncIterable<PlacedLine> {
    for (const [index, line] of this.lines.entries()) {
      yield { line, place: `recording-000001.jsonl:${index + 1}` }
    }
  }
}

/** Monotonic and wall time of so many seconds. */
export function instant(seconds: number): { readonly at: number; readonly wall: number } {
  return { at: seconds * 1_000, wall: wallStart + seconds * 1_000 }
}
