import { describe, expect, test } from 'vitest'
import { errorsOf, settingsOf, smallFile } from './load-text.ts'
import { fakePlugins } from './fake-plugins.ts'

const ceiling = 'load: { viewers: 4, bits_per_second: 4Mbps }'

function drill(text: string): string {
  return smallFile(`drills: [ { name: d, group: channel-1/cdn, ${text} } ]`)
}

describe('a load drill is refused', () => {
  test('without a ceiling', () => {
    expect(errorsOf(drill('kind: load, away_from: cdn-b'))).toContainEqual(
      expect.stringContaining(
        'needs `load` with viewers and bits_per_second: nothing is pulled without a ceiling',
      ),
    )
  })

  test.for(['load: { viewers: 4 }', 'load: { bits_per_second: 4Mbps }'])(
    'with half of one: %s',
    (half) => {
      expect(errorsOf(drill(`kind: load, ${half}`))).toContainEqual(
        expect.stringMatching(/drills\[0\]\.load\.\w+: missing/u),
      )
    },
  )

  test('on a path that viewers cannot pull, which is named', () => {
    expect(errorsOf(drill(`kind: load, away_from: cdn-b, ${ceiling}`))).toEqual([
      'changeover.yaml:1:67: drills[0].away_from: viewers pull HLS and DASH, and cdn-b is pull',
    ])
  })

  test('where it may come to such a path', () => {
    expect(errorsOf(drill(`kind: load, ${ceiling}`))).toEqual([
      'changeover.yaml:1:50: drills[0].kind: viewers pull HLS and DASH, and cdn-a is pull, cdn-b is pull; name another path in `away_from`',
    ])
  })
})

test.for(['hls', 'dash'])('a load drill on a path of type %s is taken', (type) => {
  const [pull] = fakePlugins.probes
  if (pull === undefined) throw new Error('there is no fake probe')
  const plugins = { ...fakePlugins, probes: [...fakePlugins.probes, { ...pull, type }] }
  const text = drill(`kind: load, away_from: cdn-b, ${ceiling}`).replace(
    'cdn-b: { type: pull',
    `cdn-b: { type: ${type}`,
  )

  expect(settingsOf(text, plugins).drills).toMatchObject([
    { kind: 'load', away: 'cdn-b', load: { viewers: 4, bitsPerSecond: 4e6 } },
  ])
})
