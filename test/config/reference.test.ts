import { describe, expect, it } from 'vitest'
import { referenceMarkdown, referenceRows } from '../../src/config/reference.ts'
import { fakePlugins } from './fake-plugins.ts'
import { plugins } from '../../src/plugins.ts'

describe('referenceMarkdown', () => {
  it('is what docs/configuration.md says', async () => {
    await expect(referenceMarkdown(plugins)).toMatchFileSnapshot('../../docs/configuration.md')
  })

  it('gives key, type, default, bounds and meaning of every option of a plug-in', () => {
    expect(referenceMarkdown(fakePlugins)).toContain(
      [
        '| `url` | text | required |  | What is pulled. |',
        '| `address` | text |  |  | Where it is pulled from. |',
        '| `timeout` | duration | `4s` | 100ms to 1m | How long one pull may take. |',
        '| `depth` | whole number | `3` | 1 to 9 | How deep it looks. |',
        '| `mode` | `light`, `deep` | `light` |  | How it looks. |',
      ].join('\n'),
    )
  })

  it('lists the variants of a plug-in once', () => {
    const section = referenceMarkdown(fakePlugins).split('### `answer`')[1]?.split('###')[0]

    expect(section?.match(/\| `style` \|/gu)).toHaveLength(1)
    expect(section).toContain('| `code` | whole number | required | 200 to 599 | The number. |')
  })

  it('says something about every key of the file', () => {
    const silent = referenceRows(plugins).filter(({ description }) => description === '')

    expect(silent).toEqual([])
  })

  it('gives the same keys under every profile, whatever their defaults', () => {
    const keys = referenceRows(fakePlugins).map(({ key }) => key)

    expect(referenceRows(fakePlugins, 'demo').map(({ key }) => key)).toEqual(keys)
  })
})
