import type { Diagnosis } from '../../src/core/diagnosis.ts'
import type { GuardAnswer, LedgerEntry } from '../../src/core/group.ts'
import type { Health, VantageHealth } from '../../src/core/health.ts'
import type { GroupView, IncidentView, PathView, WatchdogView } from '../../src/core/view.ts'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000

const guardSentences: readonly (readonly [string, string])[] = [
  ['mode', 'mode is armed'],
  ['hold', 'no hold'],
  ['leader', 'leads with token 7'],
  ['store', 'the store is writable'],
  ['holddown', 'no holddown'],
  ['budget', '0 of 3 changes per 1h used, this one costs 1'],
  ['blast-radius', '0 of 3 groups changed in the last 5m'],
  ['never-empty', 'cdn-b would serve'],
]

/** Every guard passes but those named in `vetoes`. */
export function guards(vetoes: Readonly<Record<string, string>> = {}): GuardAnswer[] {
  return guardSentences.map(([guard, says]) => {
    const veto = vetoes[guard]
    return veto === undefined ? { guard, pass: true, says } : { guard, pass: false, says: veto }
  })
}

interface PathSketch {
  readonly name: string
  readonly health: Health
  readonly says?: string
  readonly since?: number
  readonly weight?: number
  readonly diagnosis?: Diagnosis
  readonly remedy?: string
  readonly type?: string
  readonly shows?: string
  readonly suspect?: boolean
  readonly seenAgo?: number
}

const voted: Readonly<Record<Health, readonly VantageHealth[]>> = {
  up: ['up', 'up', 'up'],
  degraded: ['degraded', 'degraded', 'up'],
  contested: ['down', 'up', 'up'],
  down: ['down', 'down', 'down'],
  unknown: ['unknown', 'unknown', 'unknown'],
}

const vantages = ['fra', 'lhr', 'iad']
const domains = ['hetzner', 'aws', 'aws']

/** A path as the page would see it, with votes, rules and measurements that fit its health. */
export function path(wall: number, sketch: PathSketch): PathView {
  const { name, health, diagnosis } = sketch
  const says = sketch.says ?? `${health} at 3 of 3 vantages`
  const bad = health === 'down' || health === 'degraded' || health === 'contested'
  const stalled = health === 'down'
  return {
    name,
    type: sketch.type ?? 'hls',
    shows: sketch.shows ?? `https://${name}.example/live/main.m3u8?token=…`,
    health,
    suspect: sketch.suspect ?? false,
    since: wall - (sketch.since ?? 3 * HOUR),
    says,
    ...(diagnosis !== undefined && { diagnosis }),
    ...(sketch.remedy !== undefined && { remedy: sketch.remedy }),
    weight: sketch.weight ?? 0,
    votes: vantages.map((vantage, index) => ({
      vantage,
      domain: domains[index] ?? '',
      health: voted[health][index] ?? 'unknown',
      says: voted[health][index] === 'up' ? 'every rule is quiet' : says,
    })),
    rules: bad
      ? [
          {
            rule: diagnosis ?? 'slow-delivery',
            class: stalled ? 'down' : 'degraded',
            severity: stalled ? 'critical' : 'warning',
            ...(diagnosis !== undefined && { diagnosis }),
            says,
            runbook: 'https://runbooks.example/playlist-stalled',
            since: 123_456,
            isClearing: false,
          },
        ]
      : [],
    measurements: [
      measurement('playlist_age_seconds', stalled ? 38.4 : 1.92, 'seconds', 'Age of the playlist'),
      measurement('target_duration_seconds', 4, 'seconds', 'Target duration of the playlist'),
      measurement('bitrate_bits_per_second', 5_832_114, 'bits_per_second', 'Bitrate of media'),
      measurement('download_ratio', stalled ? 0.97 : 0.1834, 'ratio', 'Download time per duration'),
      measurement('http_first_byte_seconds', 0.0421, 'seconds', 'Time to the first byte'),
      measurement('segment_bytes', 2_916_057, 'bytes', 'Size of the newest segment'),
      measurement('media_sequence', 88_123, 'count', 'Media sequence of the playlist'),
      measurement('certificate_days', 41.2, 'days', 'Days until the certificate ends'),
    ],
    findings:
      health === 'degraded'
        ? [
            {
              code: 'extinf-over-target',
              severity: 'warning',
              says: 'EXTINF of 4.6 s is longer than the target duration of 4 s',
              rendition: '720p',
              line: 14,
            },
          ]
        : [],
    everyMs: 5_000,
    pending: [],
    seenAt: wall - (sketch.seenAgo ?? 900),
  }
}

function measurement(name: string, value: number, unit: string, help: string) {
  return { name, value, unit, help }
}

type GroupSketch = Partial<Omit<GroupView, 'paths'>> & {
  readonly name: string
  readonly title: string
  readonly paths: readonly PathSketch[]
}

/** A group as the page would see it; by default steady on its first path. */
export function group(wall: number, sketch: GroupSketch): GroupView {
  const { paths, ...rest } = sketch
  const active = sketch.active ?? paths[0]?.name ?? ''
  const weighted = paths.some((each) => each.weight !== undefined)
  const built = paths.map((each) =>
    path(wall, { ...each, weight: weighted ? (each.weight ?? 0) : each.name === active ? 100 : 0 }),
  )
  return {
    stream: sketch.name.split('/')[0] ?? '',
    state: 'STEADY',
    says: `${active} is up and carries the traffic`,
    since: wall - 3 * HOUR,
    active,
    preferred: paths[0]?.name ?? '',
    allocation: Object.fromEntries(built.map((each) => [each.name, each.weight])),
    leader: true,
    token: 7,
    guards: [],
    holddownLeftMs: 0,
    budget: { left: 3, of: 3, perMs: HOUR },
    failback: { auto: true, says: 'nothing to fail back to: the preferred path is active' },
    actuators: [
      { type: 'haproxy', ok: true, says: 'backend live: cdn-a 100, cdn-b 0', settleMs: 0 },
      { type: 'rfc2136', ok: true, says: 'live.example. CNAME cdn-a.example.', settleMs: 30_000 },
    ],
    ...rest,
    paths: built,
  }
}

function ledger(wall: number, ago: number, from: string, to: string): LedgerEntry {
  return {
    intent: `0197-${to}`,
    reason: 'failover',
    from: { [from]: 100, [to]: 0 },
    to: { [from]: 0, [to]: 100 },
    leaving: [from],
    target: to,
    at: wall - ago,
    charge: 1,
  }
}

const stalled = 'no new segment for 38.4 s (target duration 4 s) at fra, lhr and iad'
const stalledRemedy =
  'No new media arrives on any rendition: check the encoder, then the packager, then the cache time of playlists and manifests.'

/** Ten groups, in every state that the page must show. */
export function sampleView(wall: number): WatchdogView {
  const two = (first: Partial<PathSketch> = {}, second: Partial<PathSketch> = {}) => [
    { name: 'cdn-a', health: 'up' as const, ...first },
    { name: 'cdn-b', health: 'up' as const, ...second },
  ]
  const groups: GroupView[] = [
    group(wall, { name: 'channel-1/cdn', title: 'Channel One', paths: two() }),
    group(wall, {
      name: 'channel-2/cdn',
      title: 'Channel Two',
      active: 'cdn-b',
      says: 'moved from cdn-a to cdn-b 24 s ago, because cdn-a was down; verifying through the public name',
      state: 'VERIFY',
      since: wall - 24 * SECOND,
      holddownLeftMs: 96 * SECOND,
      budget: { left: 2, of: 3, perMs: HOUR },
      lastChange: ledger(wall, 24 * SECOND, 'cdn-a', 'cdn-b'),
      guards: guards(),
      failback: { auto: true, says: 'cdn-a must be up for 10m first' },
      paths: two({
        health: 'down',
        since: 41 * SECOND,
        says: stalled,
        diagnosis: 'playlist-stalled',
        remedy: stalledRemedy,
      }),
      actuators: [
        { type: 'haproxy', ok: true, says: 'backend live: cdn-b 100, cdn-a 0', settleMs: 0 },
        { type: 'rfc2136', ok: true, says: 'live.example. CNAME cdn-b.example.', settleMs: 30_000 },
      ],
    }),
    group(wall, {
      name: 'channel-3/cdn',
      title: 'Channel Three',
      state: 'ALL-DOWN',
      since: wall - 3 * MINUTE,
      says: 'cdn-a is down and no path is eligible; the traffic stays where it is',
      whyNot: { guard: 'target', says: 'no eligible target: cdn-b is down' },
      paths: two(
        {
          health: 'down',
          since: 3 * MINUTE,
          says: stalled,
          diagnosis: 'playlist-stalled',
          remedy: stalledRemedy,
        },
        {
          health: 'down',
          since: 3 * MINUTE,
          says: '404 on the multivariant playlist',
          diagnosis: 'not-found',
        },
      ),
    }),
    group(wall, {
      name: 'channel-4/cdn',
      title: 'Channel Four',
      state: 'BLIND',
      since: wall - 50 * SECOND,
      says: 'too few vantages know: 0 of 3 are fresh, 2 are needed; nothing moves',
      paths: two(
        { health: 'unknown', since: 50 * SECOND, says: 'no fresh sample', seenAgo: 62 * SECOND },
        { health: 'unknown', since: 50 * SECOND, says: 'no fresh sample', seenAgo: 62 * SECOND },
      ),
    }),
    group(wall, {
      name: 'channel-5/cdn',
      title: 'Channel Five',
      active: 'cdn-b',
      state: 'FROZEN',
      since: wall - 12 * MINUTE,
      says: 'the budget of 3 changes per 1h is used; a person must look',
      frozen: {
        since: wall - 12 * MINUTE,
        says: 'the budget of 3 changes per 1h is used: cdn-a fails again and again',
      },
      budget: { left: 0, of: 3, perMs: HOUR },
      lastChange: ledger(wall, 12 * MINUTE, 'cdn-a', 'cdn-b'),
      guards: guards({ budget: '3 of 3 changes per 1h used, this one would cost 1' }),
      paths: two({ suspect: true, since: 20 * SECOND }),
    }),
    group(wall, {
      name: 'channel-6/cdn',
      title: 'Channel Six',
      active: 'cdn-b',
      state: 'HELD',
      since: wall - 18 * MINUTE,
      says: 'held by maria for another 42m: maintenance at cdn-a',
      hold: {
        owner: 'maria',
        reason: 'maintenance at cdn-a',
        since: wall - 18 * MINUTE,
        until: wall + 42 * MINUTE,
      },
      lastChange: { ...ledger(wall, 18 * MINUTE, 'cdn-a', 'cdn-b'), reason: 'steer' },
      paths: two(),
    }),
    group(wall, {
      name: 'channel-7/cdn',
      title: 'Channel Seven',
      state: 'EVALUATE',
      since: wall - 9 * SECOND,
      says: 'cdn-a is down; would move to cdn-b, but holddown lasts another 31s',
      whyNot: { guard: 'holddown', says: 'holddown for another 31s; its one exception is used' },
      guards: guards({ holddown: 'holddown for another 31s; its one exception is used' }),
      holddownLeftMs: 31 * SECOND,
      budget: { left: 1, of: 3, perMs: HOUR },
      lastChange: ledger(wall, 89 * SECOND, 'cdn-b', 'cdn-a'),
      paths: two({
        health: 'down',
        since: 9 * SECOND,
        says: 'connection refused',
        diagnosis: 'unreachable',
      }),
    }),
    group(wall, {
      name: 'channel-8/cdn',
      title: 'Channel Eight',
      says: 'cdn-a is degraded and carries the traffic; degraded alone moves nothing',
      paths: [
        {
          name: 'cdn-a',
          health: 'degraded',
          since: 6 * MINUTE,
          says: 'segments take 0.86 of their duration to download',
          diagnosis: 'slow-delivery',
        },
        { name: 'cdn-b', health: 'up' },
        {
          name: 'cdn-c',
          health: 'contested',
          since: 40 * SECOND,
          says: 'down at fra, up at lhr and iad',
        },
      ],
    }),
    group(wall, {
      name: 'channel-9/ingest',
      title: 'Channel Nine',
      paths: [
        { name: 'main', health: 'up', type: 'rtmp', shows: 'rtmp://a.example/live/…' },
        {
          name: 'backup',
          health: 'down',
          since: 2 * HOUR,
          type: 'srt',
          shows: 'srt://b.example:9000',
          says: 'the listener refuses the connection',
          diagnosis: 'unreachable',
        },
      ],
      actuators: [
        { type: 'obs', ok: true, says: 'streams to rtmp://a.example/live/…', settleMs: 0 },
      ],
    }),
    group(wall, {
      name: 'sport-event/cdn',
      title: 'Sport Event, World Feed',
      paths: [
        { name: 'cdn-a', health: 'up' },
        { name: 'cdn-b', health: 'up' },
      ],
    }),
  ]
  return {
    version: '0.1.0',
    mode: 'armed',
    profile: 'broadcast',
    wall,
    startedAt: wall - 26 * HOUR,
    vantage: { name: 'fra', ok: true, says: 'both reference targets answer' },
    store: { ok: true, says: 'writable' },
    groups,
    incidents: incidents(wall),
    routes: [
      { route: 'on-call', ok: true },
      { route: 'video-ops', ok: false, says: 'hooks.example answered 503' },
    ],
    silences: [
      {
        id: 's1',
        match: { group: 'channel-6/*' },
        owner: 'maria',
        reason: 'new encoder is fitted',
        from: wall - 10 * MINUTE,
        until: wall + 50 * MINUTE,
      },
    ],
  }
}

function incidents(wall: number): IncidentView[] {
  return [
    {
      key: 'channel-3/cdn/all-down',
      severity: 'critical',
      title: 'Channel Three: every path is down',
      viewers: 'Nobody gets the stream.',
      did: 'Nothing moved: no path is eligible. The traffic stays on cdn-a.',
      todo: 'Look for the cause that the paths share (encoder, origin, packager).',
      told: ['on-call', 'video-ops'],
      group: 'channel-3/cdn',
      since: wall - 3 * MINUTE,
    },
    {
      key: 'channel-5/cdn/frozen',
      severity: 'critical',
      title: 'Channel Five is frozen: the budget is used',
      did: 'Stays on cdn-b until a person acknowledges.',
      todo: 'Look at the group, put it right, then: changeover ack channel-5/cdn',
      told: ['on-call'],
      group: 'channel-5/cdn',
      since: wall - 12 * MINUTE,
      acknowledgedBy: 'maria',
    },
    {
      key: 'channel-2/cdn/cdn-a',
      severity: 'error',
      title: 'Channel Two: cdn-a delivers no new segments',
      viewers: 'Players stall when their buffer is empty.',
      did: 'Moved from cdn-a to cdn-b in 6.2 s; verifying.',
      todo: 'Check the encoder, then the packager, then the cache time of playlists.',
      runbook: 'https://wiki.example/stalled',
      told: [],
      quiet: {
        kind: 'inhibited',
        says: 'inhibited by channel-2/ingest/main: main is down and carries the traffic',
      },
      group: 'channel-2/cdn',
      path: 'cdn-a',
      since: wall - 41 * SECOND,
    },
    {
      key: 'channel-4/cdn/blind',
      severity: 'warning',
      title: 'Channel Four: blind',
      did: 'Nothing moves while too few vantages know.',
      todo: 'Check the network and load of the vantage; nothing is known of the stream.',
      told: ['video-ops'],
      isOwn: true,
      group: 'channel-4/cdn',
      since: wall - 50 * SECOND,
    },
  ]
}
