/**
 * Where in the chain of a stream its fault lies: what the encoder sends, one ingest, the origin (all
 * between ingest and edges, packager included), one edge or CDN, or honestly unknown.
 */
export type FaultPlace = 'encoder' | 'ingest' | 'origin' | 'edge' | 'unconfirmed'

/** The place of a fault as far as the paths of one stream show it together. */
export interface StreamFault {
  readonly stream: string
  readonly place: FaultPlace
  /** Full names of the paths that show the fault. */
  readonly paths: readonly string[]
  /** One sentence: the place, and what shows it. */
  readonly says: string
}
