import type { Diagnosis } from '../core/diagnosis.ts'
import type { FaultPlace, StreamFault } from '../core/fault.ts'
import type { Health } from '../core/health.ts'

/** One path of a stream, as the groups see it now. */
export interface SeenPath {
  /** `<stream>/<group>/<path>` */
  readonly name: string
  /** Towards the servers, or from them to viewers. */
  readonly role: 'ingest' | 'delivery'
  readonly health: Health
  readonly diagnosis?: Diagnosis
  readonly isServing: boolean
}

/** What goes wrong on one hop alone; everything else is carried on by every hop after it. */
const ofOneHop: ReadonlySet<Diagnosis> = new Set<Diagnosis>([
  'unreachable',
  'not-found',
  'wrong-content',
  'segments-missing',
  'rendition-missing',
  'slow-delivery',
  'key-missing',
  'certificate-expiring',
  'viewers-affected',
])

/**
 * Says where the fault of one stream lies, from what its paths show in the same window; `undefined`
 * while nothing is wrong. Ingest and delivery of a stream are one chain: media that is stale on every
 * way out was stale before, and media that is fine on one way out was fine before it. What the paths
 * do not show together stays unconfirmed.
 */
export function locateFault(stream: string, paths: readonly SeenPath[]): StreamFault | undefined {
  const worst = paths.some(({ health }) => health === 'down') ? 'down' : 'degraded'
  const bad = paths.filter(({ health }) => health === worst)
  if (bad.length === 0) return undefined
  const out = paths.filter(({ role }) => role === 'delivery')
  const into = paths.filter(({ role }) => role === 'ingest')
  const [place, says] = placeOf(sortOf(out, worst), sortOf(into, worst))
  return { stream, place, paths: bad.map(({ name }) => name), says }
}

interface Sorted {
  readonly bad: readonly SeenPath[]
  /** Shows the stream as it should be. */
  readonly good: readonly SeenPath[]
  /** Neither: nothing is known, or vantages disagree. */
  readonly unseen: readonly SeenPath[]
}

function sortOf(paths: readonly SeenPath[], worst: 'down' | 'degraded'): Sorted {
  const bad = paths.filter(({ health }) => health === worst)
  // Beside a path that is down, one that is merely degraded carries the stream.
  const good = paths.filter(
    ({ health }) => health === 'up' || (worst === 'down' && health === 'degraded'),
  )
  const unseen = paths.filter((path) => !bad.includes(path) && !good.includes(path))
  return { bad, good, unseen }
}

function placeOf(out: Sorted, into: Sorted): readonly [FaultPlace, string] {
  if (out.bad.length === 0) return ofIngestAlone(out, into)
  const isCarried = out.bad.every(
    ({ diagnosis }) => diagnosis !== undefined && !ofOneHop.has(diagnosis),
  )
  if (out.good.length > 0) return ofSomeEdges(out, into, isCarried)
  if (out.unseen.length > 0) {
    return [
      'unconfirmed',
      `${troubles(out.bad)}; nothing is known of ${names(out.unseen)}, so the place is unconfirmed`,
    ]
  }
  if (!isCarried) return ofEveryEdge(out, into)
  return beforeTheEdges(out, into)
}

/** Some ways out are bad, and others carry the stream. */
function ofSomeEdges(out: Sorted, into: Sorted, isCarried: boolean): readonly [FaultPlace, string] {
  if (isCarried && into.bad.length > 0) {
    return [
      'ingest',
      `${troubles(out.bad)}, and ${troubles(into.bad)}: the ingest, if ${names(out.bad)} is fed by it; ${names(out.good)} carries the stream`,
    ]
  }
  return [
    'edge',
    `${troubles(out.bad)}, while ${names(out.good)} carries the stream: the fault lies at ${names(out.bad)}, not before it`,
  ]
}

/** Every way out has a trouble that could be its own. */
function ofEveryEdge(out: Sorted, into: Sorted): readonly [FaultPlace, string] {
  const kinds = new Set(out.bad.map(({ diagnosis }) => diagnosis))
  const isShared = out.bad.length > 1 && kinds.size === 1
  const arrives = into.good.length > 0 ? `; the stream arrives at ${names(into.good)}` : ''
  if (isShared) {
    return [
      'origin',
      `${troubles(out.bad)}: several edges rarely fail alike, so look at the origin that they share${arrives}`,
    ]
  }
  return ['unconfirmed', `${troubles(out.bad)}: origin or edge, the place is unconfirmed${arrives}`]
}

/** No way out shows the stream as it should be, and each shows what it was given. */
function beforeTheEdges(out: Sorted, into: Sorted): readonly [FaultPlace, string] {
  const stale = troubles(out.bad)
  const watched = into.bad.length + into.good.length + into.unseen.length
  if (watched === 0) {
    return [
      'unconfirmed',
      `${stale}: the encoder, the ingest or the origin; no ingest is watched, so the place is unconfirmed`,
    ]
  }
  const serving = into.good.filter(({ isServing }) => isServing)
  if (serving.length > 0) {
    return [
      'origin',
      `${stale}, while the stream arrives at ${names(serving)}: the fault lies between that ingest and the edges (packager, origin)`,
    ]
  }
  if (into.good.length > 0 && into.bad.length > 0) {
    return [
      'ingest',
      `${stale}, and ${troubles(into.bad)}, while the stream arrives at ${names(into.good)}: the fault lies at ${names(into.bad)} or on the way to it`,
    ]
  }
  if (into.bad.length === watched) return nothingArrives(into.bad, `${stale}; `)
  return [
    'unconfirmed',
    `${stale}; nothing is known of ${names(into.unseen)}, so the place is unconfirmed`,
  ]
}

/** The ways out are fine, or not watched. */
function ofIngestAlone(out: Sorted, into: Sorted): readonly [FaultPlace, string] {
  if (into.good.length > 0) {
    return [
      'ingest',
      `${troubles(into.bad)}, while the stream arrives at ${names(into.good)}: the fault lies at ${names(into.bad)} or on the way to it`,
    ]
  }
  if (out.good.length > 0) {
    return [
      'unconfirmed',
      `${troubles(into.bad)}, and ${names(out.good)} carries the stream all the same, so the place is unconfirmed`,
    ]
  }
  if (into.unseen.length > 0) {
    return [
      'unconfirmed',
      `${troubles(into.bad)}; nothing is known of ${names(into.unseen)}, so the place is unconfirmed`,
    ]
  }
  return nothingArrives(into.bad, '')
}

function nothingArrives(bad: readonly SeenPath[], before: string): readonly [FaultPlace, string] {
  if (bad.length > 1) {
    return [
      'encoder',
      `${before}${troubles(bad)}: ingests that stand apart do not fail together, so look at the encoder and its uplink`,
    ]
  }
  return [
    'ingest',
    `${before}${troubles(bad)}, and it is the only ingest that is watched: that ingest, the uplink or the encoder`,
  ]
}

function troubles(paths: readonly SeenPath[]): string {
  return paths
    .map(({ name, health, diagnosis }) => `${short(name)} is ${diagnosis ?? health}`)
    .join(', ')
}

function names(paths: readonly SeenPath[]): string {
  return paths.map(({ name }) => short(name)).join(', ')
}

/** `<group>/<path>`: the stream stands beside it already. */
function short(name: string): string {
  return name.split('/').slice(1).join('/')
}
