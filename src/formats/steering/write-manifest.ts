/** A pathway that players make from another one (rfc8216bis 7.2, ETSI TS 103 998 clause 6). */
export interface PathwayClone {
  readonly id: string
  /** The pathway that playlists or manifests do have. */
  readonly baseId: string
  /** Takes the place of the host in every URI. */
  readonly host?: string | undefined
  /** Query parameters that every URI gets. */
  readonly params?: Readonly<Record<string, string>> | undefined
}

/** What a steering manifest says. */
export interface SteeringAnswer {
  /** Whole seconds until the next request, above 0. */
  readonly ttl: number
  /** Pathways, the preferred one first, each once; never empty. */
  readonly priority: readonly string[]
  readonly clones: readonly PathwayClone[]
}

/**
 * Writes a steering manifest for HLS (rfc8216bis 7.2) and DASH (ETSI TS 103 998), which share one
 * form, but for its RELOAD-URI: the manifest is `before + JSON.stringify(uri) + after`, so that what
 * is the same for many sessions is written once.
 */
export function writeSteering({ ttl, priority, clones }: SteeringAnswer): {
  readonly before: string
  readonly after: string
} {
  const rest = JSON.stringify({
    'PATHWAY-PRIORITY': priority,
    ...(clones.length > 0 && { 'PATHWAY-CLONES': clones.map(written) }),
  })
  return { before: `{"VERSION":1,"TTL":${ttl},"RELOAD-URI":`, after: `,${rest.slice(1)}` }
}

function written({ id, baseId, host, params }: PathwayClone): object {
  return {
    'BASE-ID': baseId,
    ID: id,
    'URI-REPLACEMENT': {
      ...(host !== undefined && { HOST: host }),
      ...(params !== undefined && { PARAMS: params }),
    },
  }
}
