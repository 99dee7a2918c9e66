import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { substitute } from '../../src/config/substitute.ts'

const sources = {
  environment: (name: string) => (name === 'A' ? '${B}$${C}' : undefined),
  readFile: (path: string) => `${path}\r\n`,
}

describe('substitute', () => {
  it('does not look again at what it put in', () => {
    expect(substitute('<${A}>', sources).text).toBe('<${B}$${C}>')
  })

  it('drops the final line break of a file and nothing else', () => {
    expect(substitute('${file: a }', sources)).toEqual({
      text: ' a ',
      parts: [' a '],
      problems: [],
    })
  })

  it('leaves every text without a reference as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('${'))
        expect(substitute(text, sources)).toEqual({ text, parts: [], problems: [] })
      }),
    )
  })

  it('gives back any text whose references are escaped', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('$$'))
        expect(
          substitute(
            text.replaceAll('${', () => '$${'),
            sources,
          ).text,
        ).toBe(text)
      }),
    )
  })
})
