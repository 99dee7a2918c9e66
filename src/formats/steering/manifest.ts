import type { Finding } from '../../core/sample.ts'

/** A steering manifest (rfc8216bis 7.2; DASH-IF content steering uses the same form). */
export interface SteeringManifest {
  /** Seconds until the next request, within sensible bounds. */
  readonly ttl: number
  /** As written: relative to the URL that answered. */
  readonly reloadUri: string | undefined
  /** Pathways, the preferred one first, each once. */
  readonly priority: readonly string[]
  /** Pathways that are made from others. */
  readonly clones: readonly { readonly id: string; readonly baseId: string }[]
}

export type SteeringReading =
  | {
      readonly ok: true
      readonly manifest: SteeringManifest
      readonly findings: readonly Finding[]
    }
  /** The rest of a sentence whose subject the caller knows: `is no JSON object`. */
  | { readonly ok: false; readonly says: string }

/** rfc8216bis 7.2: a client that is told nothing asks again after five minutes. */
const defaultTtl = 300
/** A time to live outside is followed no further: servers must neither be flooded nor forgotten. */
const leastTtl = 5
const mostTtl = 3_600
const mostUri = 4_096
const mostPathways = 100
/** rfc8216bis 4.4.6.2: characters of a Pathway ID. */
const pathwayForm = /^[\w.-]{1,128}$/u

/**
 * Reads a steering manifest. Total: whatever the body is, the result is a manifest with findings or
 * why there is none. Unknown members are passed over, as the specification asks.
 */
export function parseSteering(body: string): SteeringReading {
  const json = parseJson(body)
  if (json === undefined) return { ok: false, says: 'is no JSON object' }
  const version = json['VERSION']
  if (version !== 1) return { ok: false, says: 'has no VERSION 1' }
  const listed = json['PATHWAY-PRIORITY']
  if (!Array.isArray(listed) || listed.length === 0) {
    return { ok: false, says: 'has no PATHWAY-PRIORITY' }
  }
  const findings: Finding[] = []
  const priority = [...new Set(listed.slice(0, mostPathways).filter(isPathway))]
  if (priority.length === 0) return { ok: false, says: 'names no valid pathway' }
  if (priority.length < listed.length) {
    findings.push(
      warning('steering-priority', 'PATHWAY-PRIORITY names a pathway twice or one that cannot be.'),
    )
  }
  return {
    ok: true,
    manifest: {
      ttl: readTtl(json['TTL'], findings),
      reloadUri: readReloadUri(json['RELOAD-URI'], findings),
      priority,
      clones: readClones(json['PATHWAY-CLONES'], findings),
    },
    findings,
  }
}

/** Whether a value can be a Pathway ID. */
function isPathway(value: unknown): value is string {
  return typeof value === 'string' && pathwayForm.test(value)
}

function readTtl(value: unknown, findings: Finding[]): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    findings.push(warning('steering-ttl', 'The steering manifest has no TTL above 0.'))
    return defaultTtl
  }
  const ttl = Math.min(mostTtl, Math.max(leastTtl, value))
  if (ttl !== value) {
    const says = `The steering manifest has a TTL of ${value} s; ${ttl} s are kept.`
    findings.push(warning('steering-ttl', says))
  }
  return ttl
}

function readReloadUri(value: unknown, findings: Finding[]): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && value.length <= mostUri) return value
  findings.push(warning('steering-reload-uri', 'RELOAD-URI is no URI of at most 4096 characters.'))
  return undefined
}

function readClones(value: unknown, findings: Finding[]): SteeringManifest['clones'] {
  if (value === undefined) return []
  const clones = (Array.isArray(value) ? value : []).slice(0, mostPathways).flatMap((each) => {
    if (typeof each !== 'object' || each === null) return []
    const { ID: id, 'BASE-ID': baseId } = each as Record<string, unknown>
    return isPathway(id) && isPathway(baseId) ? [{ id, baseId }] : []
  })
  if (!Array.isArray(value) || clones.length < value.length) {
    const says = 'PATHWAY-CLONES holds something that has no ID and BASE-ID.'
    findings.push(warning('steering-clones', says))
  }
  return clones
}

function parseJson(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

function warning(code: string, says: string): Finding {
  return { code, diagnosis: 'spec-violation', severity: 'warning', says }
}
