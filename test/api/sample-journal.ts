import type { JournalDraft } from '../../src/core/journal.ts'
import type { FakeWatchdog } from './fake-watchdog.ts'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000

/** What happened before now, oldest first: how long ago, and the entry. */
const story: readonly (readonly [number, JournalDraft])[] = [
  [26 * HOUR, { kind: 'boot', says: 'started version 0.1.0 with 10 groups, mode armed' }],
  [
    25 * HOUR,
    {
      kind: 'adopted',
      group: 'channel-1/cdn',
      actor: 'maria',
      says: 'took over the record live.example, which was not ours: moving in',
    },
  ],
  [
    12 * MINUTE + 9 * SECOND,
    { kind: 'health', group: 'channel-5/cdn', path: 'cdn-a', says: 'cdn-a went from up to down' },
  ],
  [
    12 * MINUTE + 2 * SECOND,
    {
      kind: 'applied',
      group: 'channel-5/cdn',
      says: 'cdn-b carries the traffic; read back from haproxy and rfc2136',
    },
  ],
  [
    12 * MINUTE,
    {
      kind: 'frozen',
      group: 'channel-5/cdn',
      says: 'the budget of 3 changes per 1h is used: cdn-a fails again and again',
    },
  ],
  [
    18 * MINUTE,
    {
      kind: 'steer',
      group: 'channel-6/cdn',
      actor: 'maria',
      says: 'steered from cdn-a to cdn-b: maintenance at cdn-a',
    },
  ],
  [
    3 * MINUTE,
    {
      kind: 'decision',
      group: 'channel-3/cdn',
      says: 'nothing, because no path is eligible: cdn-b is down (404 on the multivariant playlist)',
    },
  ],
  [
    41 * SECOND,
    {
      kind: 'health',
      group: 'channel-2/cdn',
      path: 'cdn-a',
      says: 'cdn-a went from up to down: no new segment for 12.0 s at fra, lhr and iad',
    },
  ],
  [
    30 * SECOND,
    {
      kind: 'decision',
      group: 'channel-2/cdn',
      says: 'move from cdn-a to cdn-b, because cdn-a is down at 3 of 3 vantages and cdn-b is up',
    },
  ],
  [
    29 * SECOND,
    { kind: 'intent', group: 'channel-2/cdn', says: 'cdn-a 100 to cdn-b 100, in two steps' },
  ],
  [
    27 * SECOND,
    {
      kind: 'step',
      group: 'channel-2/cdn',
      says: 'haproxy: set server live/b weight 256, then live/a weight 0',
    },
  ],
  [
    24 * SECOND,
    {
      kind: 'applied',
      group: 'channel-2/cdn',
      says: 'cdn-b carries the traffic; read back from haproxy and rfc2136',
    },
  ],
]

/** Fills the journal of a fake watchdog with the story that fits the sample view. */
export function fillJournal(port: FakeWatchdog, wall: number): void {
  for (const [ago, draft] of [...story].sort(([a], [b]) => b - a)) port.record(draft, wall - ago)
}
