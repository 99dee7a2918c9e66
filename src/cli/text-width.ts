import { stripVTControlCharacters } from 'node:util'

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Ideographs, kana, Hangul, full-width forms and emoji fill two columns. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
// oxlint-disable-next-line no-control-regex
const ascii = /^[\u0020-\u007e]*$/u

/** Columns that text fills in a terminal; colours fill none. */
export function textWidth(text: string): number {
  const plain = stripVTControlCharacters(text)
  if (ascii.test(plain)) return plain.length
  let columns = 0
  for (const { segment } of segmenter.segment(plain)) columns += wide.test(segment) ? 2 : 1
  return columns
}

/** Text in lines of at most so many columns, broken at spaces where there are some. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && textWidth(longer) > columns) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  lines.push(line)
  return lines
}
