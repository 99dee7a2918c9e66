import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadText, smallFile } from './load-text.ts'

const words = ['mode', 'streams', 'groups', 'paths', 'type', 'pull', 'url', 'timing', 'every', '5s']
const marks = [
  ': ',
  ':',
  '\n',
  '\n  ',
  '\n    ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  ', ',
  '"',
  "'",
  '#',
  '\t',
]
const oddities = [
  '&a ',
  '*a',
  '<<: ',
  '${KEY}',
  '${',
  '!x ',
  '---\n',
  '%Y\n',
  '| ',
  '? ',
  '\r\n',
  '\0',
]
const piece = fc.oneof(
  fc.constantFrom(...words, ...marks, ...oddities),
  fc.string({ unit: 'binary' }),
)
const json = fc.jsonValue({ maxDepth: 5 })

/** Either settings or at least one error, whatever the text is. */
function expectTotal(text: string): void {
  const loaded = loadText(text)
  if (!loaded.ok) expect(loaded.errors.length).toBeGreaterThan(0)
}

describe('loading', () => {
  it('never throws, for any text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => expectTotal(pieces.join(''))),
      { numRuns: 250 },
    )
  })

  it('never throws where any value stands in the place of any other', () => {
    const keys = ['mode', 'vantage', 'vantages', 'listen', 'tokens', 'timing', 'streams', 'notify']
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), json), (file) =>
        expectTotal(JSON.stringify(file)),
      ),
      { numRuns: 120 },
    )
    fc.assert(
      fc.property(json, json, json, (group, path, entry) => {
        const streams = {
          a: { groups: { b: group, c: { paths: { p: path }, actuators: [entry] } } },
        }
        expectTotal(JSON.stringify({ streams, notify: [entry] }))
      }),
      { numRuns: 120 },
    )
  })

  it('finds the same errors again: it is a pure function of its arguments', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        expect(loadText(text)).toEqual(loadText(text))
      }),
      { numRuns: 50 },
    )
  })

  it('shows no literal password, wherever a file is damaged', () => {
    const secret = 'hunter2-hunter2'
    const whole = smallFile(
      `tokens:
  - { name: me, role: operator, token: ${secret} }
notify:
  - type: pager
    routing_key: '${secret}'`,
      '',
      `pass: 'https://me:${secret}@x.example/'`,
    )
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(3),
        fc.constantFrom('', ...marks, ...oddities),
        (at, removed, added) => {
          // Damage inside the secret makes another text of it; inside its key, nothing tells.
          fc.pre(
            ![secret, 'token: ', 'routing_key: ', '://'].some((text) =>
              isInside(whole, text, at, removed),
            ),
          )
          const damaged = whole.slice(0, at) + added + whole.slice(at + removed)

          const loaded = loadText(damaged)

          fc.pre(!loaded.ok)
          expect(loaded.ok ? '' : loaded.errors.join('\n')).not.toContain(secret)
        },
      ),
      { numRuns: 250 },
    )
  })
})

function isInside(text: string, secret: string, at: number, removed: number): boolean {
  const places = [...text.matchAll(new RegExp(secret, 'gu'))].map(({ index }) => index)
  return places.some((start) => at + removed > start && at < start + secret.length)
}
