import { isRendition, type Look, type RenditionName } from './clip.ts'

/** What a viewer asks for. */
export type Wanted =
  | { readonly kind: 'multivariant'; readonly stream: string }
  | { readonly kind: 'playlist'; readonly stream: string; readonly rendition: RenditionName }
  | {
      readonly kind: 'segment'
      readonly stream: string
      readonly rendition: RenditionName
      readonly sequence: number
      /** The part of it, where only that is wanted. */
      readonly part?: number
    }

/** The version of the programme that is to be shown. */
export interface View {
  /** Wall time at which the programme is looked at, in milliseconds since the epoch. */
  readonly at: number
  readonly look: Look
}

/** How an edge asks the origin for another view than the present one; internal to the lab. */
export const VIEW_HEADER = 'x-lab-view'

const route = /^\/([^/]+)\/(?:main\.m3u8|([^/]+)\.m3u8|([^/]+)\/(\d{1,15})(?:\.(\d{1,3}))?\.ts)$/u

/** Reads `/news/main.m3u8`, `/news/360p.m3u8`, `/news/360p/17.ts` or, a part of that, `/news/360p/17.3.ts`. */
export function readPath(path: string): Wanted | undefined {
  const match = route.exec(path)
  if (!match) return undefined
  const [, stream = '', playlist, folder, sequence, part] = match
  const rendition = playlist ?? folder
  if (rendition === undefined) return { kind: 'multivariant', stream }
  if (!isRendition(rendition)) return undefined
  if (sequence === undefined) return { kind: 'playlist', stream, rendition }
  const segment = { kind: 'segment', stream, rendition, sequence: Number(sequence) } as const
  return part === undefined ? segment : { ...segment, part: Number(part) }
}

/** The view at wall time `at` with nothing changed. */
function plainView(at: number): View {
  return { at, look: { picture: 'test', sound: 'tone' } }
}

/** `1760000000000 black tone`, as the value of `VIEW_HEADER`. */
export function writeView({ at, look }: View): string {
  return `${at} ${look.picture} ${look.sound}`
}

/** Reads what `writeView` wrote; anything else, or nothing, is the plain view at `now`. */
export function readView(text: string | undefined, now: number): View {
  const match = /^(\d{1,15}(?:\.\d+)?) (test|black) (tone|silence)$/u.exec(text ?? '')
  if (!match) return plainView(now)
  const picture = match[2] === 'black' ? 'black' : 'test'
  const sound = match[3] === 'silence' ? 'silence' : 'tone'
  return { at: Number(match[1]), look: { picture, sound } }
}
