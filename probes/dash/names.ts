import type { Representation } from '../../src/formats/mpd/model.ts'

/** Short names: `720p` where one video alone has this height, else `v1`; `a1`, `s1` for sound and subtitles. */
export function nameRenditions(representations: readonly Representation[]): readonly string[] {
  const counts = { video: 0, audio: 0, text: 0, other: 0 }
  const heights = new Map<number, number>()
  for (const { kind, height } of representations) {
    if (kind === 'video' && height !== undefined)
      heights.set(height, (heights.get(height) ?? 0) + 1)
  }
  const letters = { video: 'v', audio: 'a', text: 's', other: 'o' } as const
  return representations.map(({ kind, height }) => {
    const nth = ++counts[kind]
    const isAlone = kind === 'video' && height !== undefined && heights.get(height) === 1
    return isAlone ? `${height}p` : `${letters[kind]}${nth}`
  })
}
