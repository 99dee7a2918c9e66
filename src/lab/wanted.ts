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
  | { readonly kind: 'manifest'; readonly stream: string }
  | {
      readonly kind: 'cmaf'
      readonly stream: string
      /** `undefined` is the sound, which all renditions share. */
      readonly rendition: RenditionName | undefined
      readonly sequence: number | 'init'
    }

/** The version of the programme that is to be shown. */
export interface View {
  /** Wall time at which the programme is looked at, in milliseconds since the epoch. */
  readonly at: number
  readonly look: Look
}

/** How an edge asks the origin for another view than the present one; internal to the lab. */
export const VIEW_HEADER = 'x-lab-view'

const dashRoute = /^\/([^/]+)\/(?:main\.mpd|([^/]+)\/(?:(\d{1,15})\.m4s|init\.mp4))$/u
/** The representation that is the sound. */
const sound = 'sound'

const route = /^\/([^/]+)\/(?:main\.m3u8|([^/]+)\.m3u8|([^/]+)\/(\d{1,15})(?:\.(\d{1,3}))?\.ts)$/u

/**
 * Reads `/news/main.m3u8`, `/news/360p.m3u8`, `/news/360p/17.ts` or, a part of that,
 * `/news/360p/17.3.ts`; and of DASH `/news/main.mpd`, `/news/360p/init.mp4`, `/news/sound/17.m4s`.
 */
export function readPath(path: string): Wanted | undefined {
  const match = route.exec(path)
  if (!match) return readDashPath(path)
  const [, stream = '', playlist, folder, sequence, part] = match
  const rendition = playlist ?? folder
  if (rendition === undefined) return { kind: 'multivariant', stream }
  if (!isRendition(rendition)) return undefined
  if (sequence === undefined) return { kind: 'playlist', stream, rendition }
  const segment = { kind: 'segment', stream, rendition, sequence: Number(sequence) } as const
  return part === undefined ? segment : { ...segment, part: Number(part) }
}

function readDashPath(path: string): Wanted | undefined {
  const match = dashRoute.exec(path)
  if (!match) return undefined
  const [, stream = '', folder, number] = match
  if (folder === undefined) return { kind: 'manifest', stream }
  const sequence = number === undefined ? 'init' : Number(number)
  if (folder === sound) return { kind: 'cmaf', stream, rendition: undefined, sequence }
  return isRendition(folder) ? { kind: 'cmaf', stream, rendition: folder, sequence } : undefined
}

/** Whether it is media, which is never cached or rewritten as text. */
export function isMedia({ kind }: Wanted): boolean {
  return kind === 'segment' || kind === 'cmaf'
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
