/** Pixels of a thumbnail: one byte each, 0 black to 255 white, row by row. */
export const thumbnailSize = { width: 64, height: 36 } as const

export const thumbnailBytes = thumbnailSize.width * thumbnailSize.height

/** A tenth of full luma, as FFmpeg's blackdetect takes it (pixel_black_th 0.10). */
const darkest = 25

/** The share of pixels that are dark, 0 to 1. */
export function darkRatio(thumbnail: Uint8Array): number {
  let dark = 0
  for (const pixel of thumbnail) if (pixel <= darkest) dark++
  return thumbnail.length === 0 ? 0 : dark / thumbnail.length
}

/** The mean absolute difference of two thumbnails of one size, in steps of 0 to 255. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let total = 0
  for (let at = 0; at < a.length; at++) total += Math.abs((a[at] ?? 0) - (b[at] ?? 0))
  return a.length === 0 ? 0 : total / a.length
}
