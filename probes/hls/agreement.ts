import type { Finding } from '../../src/core/sample.ts'
import type { MediaPlaylist } from '../../src/formats/m3u8/model.ts'
import { resolveUri } from '../../src/formats/m3u8/model.ts'
import { edgeTime, endSequence, withoutQuery } from '../../src/formats/m3u8/timeline.ts'
import type { Rendition } from './rendition.ts'

/** Playlists of one look are fetched at slightly different moments: so many segments apart is fine. */
const apart = 1

type Present = Rendition & { readonly playlist: MediaPlaylist }

/** Where the renditions of one stream do not agree with each other (rfc8216bis 6.2.4, 4.4.5.4). */
export function disagreements(renditions: readonly Rendition[]): readonly Finding[] {
  const present = renditions.filter(
    (rendition): rendition is Present =>
      rendition.present && rendition.playlist !== undefined && rendition.spec.kind !== 'subtitles',
  )
  if (present.length < 2) return []
  const live = present.filter(({ playlist }) => !playlist.endList)
  return [
    ...differing(present, 'target-durations-differ', 'target durations', ({ targetDuration }) =>
      targetDuration === undefined ? undefined : `${targetDuration} s`,
    ),
    ...differing(present, 'part-targets-differ', 'part targets', ({ partTarget }) =>
      partTarget === undefined ? undefined : `${partTarget} s`,
    ),
    ...differing(live, 'server-controls-differ', 'server controls', controlWords),
    ...discontinuities(live),
    ...dates(live),
    ...reports(live),
  ]
}

/** Values of a whole stream that differ; renditions without one do not count. */
function differing(
  present: readonly Present[],
  code: string,
  what: string,
  value: (playlist: MediaPlaylist) => string | undefined,
): readonly Finding[] {
  const values = new Set(present.flatMap(({ playlist }) => value(playlist) ?? []))
  if (values.size < 2) return []
  const says = `Renditions have different ${what}: ${[...values].slice(0, 5).join(', ')}.`
  return [{ code, diagnosis: 'spec-violation', severity: 'info', says }]
}

function controlWords({ serverControl }: MediaPlaylist): string | undefined {
  if (serverControl === undefined) return undefined
  const { canBlockReload, canSkipUntil, holdBack, partHoldBack } = serverControl
  return [
    canBlockReload ? 'blocking' : 'not blocking',
    ...(holdBack === undefined ? [] : [`hold back ${holdBack} s`]),
    ...(partHoldBack === undefined ? [] : [`part hold back ${partHoldBack} s`]),
    ...(canSkipUntil === undefined ? [] : [`skip until ${canSkipUntil} s`]),
  ].join(' ')
}

/**
 * Matching content has matching discontinuity sequence numbers (6.2.4). Content matches where the
 * stated dates do, so streams without dates have nothing to compare.
 */
function discontinuities(live: readonly Present[]): readonly Finding[] {
  const byDate = new Map<number, { readonly domain: number; readonly name: string }>()
  for (const { playlist, spec } of live) {
    for (const { programDateTime, discontinuitySequence, line } of playlist.segments) {
      if (programDateTime === undefined) continue
      const known = byDate.get(programDateTime)
      if (known === undefined) {
        byDate.set(programDateTime, { domain: discontinuitySequence, name: spec.name })
      } else if (known.domain !== discontinuitySequence) {
        const says = `The same moment has the discontinuity sequence number ${known.domain} in ${known.name} and ${discontinuitySequence} in ${spec.name}.`
        return [
          {
            code: 'discontinuity-sequences-differ',
            diagnosis: 'spec-violation',
            severity: 'warning',
            says,
            rendition: spec.name,
            line,
          },
        ]
      }
    }
  }
  return []
}

/** If one rendition has dates all must (6.2.4), and fresh ones end at about the same moment. */
function dates(live: readonly Present[]): readonly Finding[] {
  const withMedia = live.filter(({ playlist }) => playlist.segments.length > 0)
  const dated = withMedia.flatMap((rendition) => {
    const edge = edgeTime(rendition.playlist)
    return edge === undefined ? [] : [{ rendition, edge }]
  })
  if (dated.length === 0) return []
  const found: Finding[] = []
  const undated = withMedia.find(({ playlist }) =>
    playlist.segments.every(({ programDateTime }) => programDateTime === undefined),
  )
  if (undated !== undefined) {
    found.push({
      code: 'program-date-time-missing',
      diagnosis: 'spec-violation',
      severity: 'info',
      says: `The media playlist ${undated.spec.name} has no EXT-X-PROGRAM-DATE-TIME, but others have.`,
      rendition: undated.spec.name,
    })
  }
  const moved = dated.filter(({ rendition }) => rendition.movedLately)
  const newest = moved.toSorted((a, b) => b.edge - a.edge)[0]
  const oldest = moved.toSorted((a, b) => a.edge - b.edge)[0]
  if (newest === undefined || oldest === undefined) return found
  const spread = (newest.edge - oldest.edge) / 1_000
  const target = newest.rendition.playlist.targetDuration ?? 6
  if (spread > 2 * target) {
    found.push({
      code: 'program-date-times-differ',
      diagnosis: 'spec-violation',
      severity: 'warning',
      says: `The media playlists ${newest.rendition.spec.name} and ${oldest.rendition.spec.name} both move but end ${spread.toFixed(1)} s apart by EXT-X-PROGRAM-DATE-TIME.`,
    })
  }
  return found
}

/** EXT-X-RENDITION-REPORT says where the other playlists stand (4.4.5.4). */
function reports(live: readonly Present[]): readonly Finding[] {
  const byPath = new Map(live.map((each) => [withoutQuery(each.spec.url), each]))
  const found: Finding[] = []
  for (const { playlist, spec } of live) {
    const reported = new Set<Rendition>()
    for (const { uri, lastSequence, line } of playlist.renditionReports) {
      const url = resolveUri(uri, spec.url)
      const other = url === undefined ? undefined : byPath.get(withoutQuery(url))
      if (other === undefined) continue
      reported.add(other)
      const stands = endSequence(other.playlist) - (other.playlist.trailingParts.length > 0 ? 0 : 1)
      if (lastSequence === undefined || Math.abs(lastSequence - stands) <= apart) continue
      found.push({
        code: 'rendition-report-wrong',
        diagnosis: 'spec-violation',
        severity: 'warning',
        says: `${spec.name} reports ${other.spec.name} at segment ${lastSequence}, but it stands at ${stands}.`,
        rendition: spec.name,
        line,
      })
    }
    const unreported = live.filter((other) => other.spec !== spec && !reported.has(other))
    if (playlist.partTarget === undefined || unreported.length === 0) continue
    found.push({
      code: 'rendition-report-missing',
      diagnosis: 'spec-violation',
      severity: 'info',
      says: `${spec.name} has no rendition report of ${unreported
        .map((other) => other.spec.name)
        .slice(0, 5)
        .join(', ')}.`,
      rendition: spec.name,
    })
  }
  return found
}
