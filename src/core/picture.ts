/** What a picture shows, as far as it was judged. */
export type PictureLooks = 'good' | 'black' | 'frozen'

/** A small picture of what a path shows, for people. */
export interface Picture {
  /** JPEG, at most `mostPictureBytes`, at most 320 by 180 pixels. */
  readonly jpeg: Uint8Array
  /** Wall milliseconds since the epoch at which it was on air, by arrival. */
  readonly wall: number
  readonly looks: PictureLooks
  /** For so many milliseconds it counts as the present: then the next one should have come. */
  readonly freshForMs: number
}

/** Larger ones are not kept: a picture of this size has some ten kilobytes. */
export const mostPictureBytes = 65_536
