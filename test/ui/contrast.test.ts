import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('../../src/ui/style/base.css', import.meta.url), 'utf8')

/** The colours that a block of the style sheet declares, by name. */
function colours(selector: string): ReadonlyMap<string, string> {
  const from = css.indexOf(`${selector} {`)
  const block = css.slice(from, css.indexOf('}', from))
  return new Map(
    [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/gu)].map(([, a = '', b = '']) => [a, b]),
  )
}

/** Relative luminance (WCAG 2.2) of `#rrggbb`. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((one, two) => two - one)
  return (light + 0.05) / (dark + 0.05)
}

const texts = ['text', 'soft', 'faint', 'ink', 'up', 'degraded', 'contested', 'down', 'unknown']
const grounds = ['ground', 'surface', 'raised']

describe.each([
  ['dark', ':root'],
  ['light, by choice', ":root[data-theme='light']"],
  ['light, by the system', ":root:not([data-theme='dark'])"],
])('in the theme %s', (_, selector) => {
  const known = colours(selector)

  it.each(texts)('text in the colour %s can be read on every ground (WCAG 2.2, 1.4.3)', (text) => {
    for (const ground of grounds) {
      const ratio = contrast(known.get(text) ?? '', known.get(ground) ?? '')
      expect(ratio, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
  })
})
