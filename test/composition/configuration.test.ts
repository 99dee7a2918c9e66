import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { rulesOf } from '../../src/engine/rules/rule-set.ts'
import { plugins } from '../../src/plugins.ts'
import { folderWith } from './folder.ts'

const paths = `
streams:
  channel-1:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: "https://a.example/main.m3u8" }
          cdn-b: { type: hls, url: "https://b.example/main.m3u8" }
`

function ruleFile(name: string, when = 'playlist_age_seconds > 30'): string {
  return `rules:
  - name: ${name}
    class: down
    for: 10s
    when: ${when}
    says: "the playlist is {playlist_age_seconds}s old"
`
}

function loadFrom(folder: string, text: string) {
  return loadConfiguration(text, join(folder, 'changeover.yaml'), plugins)
}

function namesOf(loaded: ReturnType<typeof loadConfiguration>): string[] {
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.rules.rules.map((rule) => rule.definition.name)
}

describe('a configuration with its rules', () => {
  it('has the shipped packs without being told', () => {
    expect(namesOf(loadFrom(folderWith(), paths))).toContain('playlist-stalled')
  })

  it('has none of them where it says so', () => {
    const loaded = loadFrom(folderWith(), `shipped_rules: false\n${paths}`)

    expect(namesOf(loaded)).toEqual([])
  })

  it('has the packs of its folders, which lie beside the file, without their tests', () => {
    const folder = folderWith({
      'own/b.yaml': ruleFile('second'),
      'own/a.yaml': ruleFile('first'),
      'own/a.test.yaml': 'tests: []',
      'own/notes.txt': 'not a rule',
    })

    const loaded = loadFrom(folder, `shipped_rules: false\nrules: [./own]\n${paths}`)

    expect(namesOf(loaded)).toEqual(['first', 'second'])
  })

  it('lets an own rule take the place of a shipped one of the same name', () => {
    const folder = folderWith({ 'own/mine.yaml': ruleFile('playlist-stalled') })

    const loaded = loadFrom(folder, `rules: [./own]\n${paths}`)

    if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
    const stalled = loaded.rules.rules.filter((rule) => rule.definition.name === 'playlist-stalled')
    expect(stalled.map((rule) => rule.definition.when)).toEqual(['playlist_age_seconds > 30'])
  })

  it('shows the warnings of its rule files, measured at its own cadence', () => {
    const quick = ruleFile('quick', 'segments_missing_ratio > 0.9').replace('10s', '2s')
    const folder = folderWith({ 'own/a.yaml': quick })
    const warningsAt = (every: string) => {
      const text = `rules: [./own]\ntiming: { every: ${every} }\n${paths}`
      const loaded = loadFrom(folder, text)
      return loaded.ok ? loaded.warnings.filter((each) => each.includes('a.yaml:4:')) : undefined
    }

    expect(warningsAt('5s')).toEqual([expect.stringContaining('shorter than the cadence (5s)')])
    expect(warningsAt('1s')).toEqual([])
  })
})

describe('rules that a configuration changes', () => {
  const changed = paths
    .replace(
      '  channel-1:',
      '  channel-1:\n    rules: { slow-delivery: { params: { limit: 0.9 } } }',
    )
    .replace('main.m3u8" }\n', 'main.m3u8", rules: { slow-delivery: off } }\n')

  it('are changed for the paths that it names, the narrower place winning', () => {
    const loaded = loadFrom(folderWith(), changed)

    if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
    const limitOf = (path: string) =>
      rulesOf(loaded.rules, path).rules.find(
        ({ definition }) => definition.name === 'slow-delivery',
      )?.definition.params?.['limit']
    expect(limitOf('channel-1/cdn/cdn-a')).toBeUndefined()
    expect(limitOf('channel-1/cdn/cdn-b')).toBe(0.9)
    expect(limitOf('channel-1/cdn/verify')).toBe(0.9)
    expect(limitOf('channel-2/cdn/cdn-a')).toBe(0.8)
  })

  it.each([
    ['slow-delivery: { params', 'slow-delivry: { params', 'did you mean "slow-delivery"?'],
    ['{ limit: 0.9', '{ limits: 0.9', 'did you mean "limit"?'],
    ['slow-delivery: off', 'slow-delivery: on', 'expected off or a map, got "on"'],
  ])('are named where they stand: %s as %s', (right, wrong, says) => {
    const loaded = loadFrom(folderWith(), changed.replace(right, wrong))

    if (loaded.ok) throw new Error('it should have been refused')
    expect(loaded.errors).toHaveLength(1)
    expect(loaded.errors[0]).toMatch(/changeover\.yaml:\d+:\d+: streams\.channel-1\./u)
    expect(loaded.errors[0]).toContain(says)
  })

  it('are warned of where they leave a rule without effect', () => {
    const numbers = changed.replace('{ limit: 0.9 }', '{ limit: 0.9 }, for: 1s')
    const loaded = loadFrom(folderWith(), numbers)

    expect(loaded.ok && loaded.warnings.filter((each) => each.includes('.rules.'))).toEqual([
      expect.stringContaining(
        'streams.channel-1.rules.slow-delivery.for: for (1s) is shorter than the cadence (5s)',
      ),
    ])
  })

  it('can be of a pack that extends a shipped one, alone in force', () => {
    const folder = folderWith({
      'own/site.yaml': 'extends: http\noverride: { slow-answers: off }\n',
    })

    const loaded = loadFrom(folder, `shipped_rules: false\nrules: [./own]\n${paths}`)

    expect(namesOf(loaded)).toEqual(['certificate-expiring'])
  })
})

describe('errors of a configuration', () => {
  it('of the file name it, with the line', () => {
    const folder = folderWith()

    const loaded = loadFrom(folder, `mode: armd\n${paths}`)

    expect(loaded.ok).toBe(false)
    if (!loaded.ok) expect(loaded.errors[0]).toContain(`${join(folder, 'changeover.yaml')}:1:`)
  })

  it('of rule files come all at once, each with its file and line', () => {
    const folder = folderWith({
      'own/a.yaml': ruleFile('first', 'playlist_agee_seconds > 30'),
      'own/b.yaml': ruleFile('second').replace('class: down', 'class: downn'),
    })

    const loaded = loadFrom(folder, `rules: [./own]\n${paths}`)

    if (loaded.ok) throw new Error('it should have been refused')
    expect(loaded.errors).toHaveLength(2)
    expect(loaded.errors[0]).toContain(`${join(folder, 'own/a.yaml')}:5:`)
    expect(loaded.errors[0]).toContain('playlist_age_seconds')
    expect(loaded.errors[1]).toContain(`${join(folder, 'own/b.yaml')}:3:`)
  })

  it('say which folder cannot be read, and what to do', () => {
    const folder = folderWith()

    const loaded = loadFrom(folder, `rules: [./missing]\n${paths}`)

    expect(loaded).toEqual({
      ok: false,
      errors: [
        `${join(folder, 'missing')}: this rules folder cannot be read; correct "rules" or make the folder`,
      ],
    })
  })

  it('say which rule file cannot be read', () => {
    const folder = folderWith()
    mkdirSync(join(folder, 'own/a.yaml'), { recursive: true })

    const loaded = loadFrom(folder, `rules: [./own]\n${paths}`)

    if (loaded.ok) throw new Error('it should have been refused')
    expect(loaded.errors[0]).toMatch(/own\/a\.yaml: this rule file cannot be read: EISDIR/u)
  })

  it('name the file of a secret that is missing, and show none that is not', () => {
    const folder = folderWith({ 'token.txt': 'hunter2-hunter2-hunter2' })
    const tokens = (file: string) =>
      `tokens: [{ name: me, role: operator, token: "\${file:${file}}" }]\nmode: armd\n${paths}`

    const missing = loadFrom(folder, tokens('gone.txt'))
    const present = loadFrom(folder, tokens('token.txt'))

    expect(JSON.stringify(missing)).toContain('gone.txt')
    expect(present.ok).toBe(false)
    expect(JSON.stringify(present)).not.toContain('hunter2')
  })
})
