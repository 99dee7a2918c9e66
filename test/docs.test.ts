import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { runRuleScenarios } from '../src/app/rule-scenarios.ts'
import { buildProgram } from '../src/cli/program.ts'
import { loadSettings } from '../src/config/load.ts'
import { loadConfiguration } from '../src/composition/configuration.ts'
import { loadRuleFile } from '../src/config/rule-file.ts'
import { loadRulePacks } from '../src/config/rule-packs.ts'
import { guardNames } from '../src/engine/group/guards.ts'
import { rulesOf } from '../src/engine/rules/rule-set.ts'
import { plugins } from '../src/plugins.ts'
import { filesUnder, repository } from './architecture/source.ts'
import { everyCommand } from './cli/commands-markdown.ts'
import { fakeComposition } from './cli/harness.ts'
import { compile, loadPack, packNames } from './rules/shipped-packs.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...filesUnder('docs').filter((path) => path.endsWith('.md')),
]

/** Pages written by hand; the references are generated and have tests of their own. */
const written = pages.filter((page) => !['docs/cli.md', 'docs/configuration.md'].includes(page))

function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8')
}

interface Block {
  readonly language: string
  readonly text: string
  /** The last line of prose before it. */
  readonly before: string
}

function blocksOf(page: string): readonly Block[] {
  const found = read(page).matchAll(
    /(?<before>[^\n]*)\n+```(?<language>\w*)\n(?<text>[^]*?)```\n/gu,
  )
  return [...found].map(({ groups }) => groups as unknown as Block)
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```\w*\n[^]*?^```$/gmu, '')
}

describe.each(pages)('%s', (page) => {
  test('has no dead link', () => {
    const text = withoutBlocks(read(page))
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gmu)]
      .map(([, inline, named]) => inline ?? named ?? '')
      .filter((link) => !/^[a-z]+:/u.test(link))

    const dead = links.filter((link) => !isThere(page, link))

    expect(dead).toEqual([])
  })

  test('has no reference without its address', () => {
    const text = withoutBlocks(read(page))
    const named = [...text.matchAll(/(?<![\]!`])\[([a-z][a-z -]+)\](?![(:[])/gu)]

    const missing = named.filter(([, name]) => !text.includes(`\n[${name}]: `))

    expect(missing.map(([, name]) => name)).toEqual([])
  })
})

function isThere(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? page : posix.join(posix.dirname(page), file)
  if (!existsSync(join(repository, path))) return false
  return anchor === undefined || headings(path).includes(anchor)
}

/** Anchors as GitHub makes them of headings. */
function headings(path: string): readonly string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('configurations in the documentation', () => {
  const configurations = written.flatMap((page) =>
    blocksOf(page)
      .filter(({ language, text }) => language === 'yaml' && /^streams:/mu.test(text))
      .map(({ text }) => ({ page, text })),
  )

  test('stand in the README and elsewhere', () => {
    expect(configurations.map(({ page }) => page)).toContain('README.md')
  })

  test.each(configurations)('the one in $page loads', ({ page, text }) => {
    const loaded = loadSettings({
      text,
      fileName: page,
      plugins,
      environment: () => undefined,
      readFile: () => '',
    })

    expect(loaded).toMatchObject({ ok: true })
  })

  test('the one in the README changes nothing before a person says so, in a dozen lines', () => {
    const [first] = configurations.filter(({ page }) => page === 'README.md')

    expect(first?.text).toMatch(/^mode: advise/u)
    expect(first?.text.trim().split('\n').length).toBeLessThanOrEqual(12)
  })
})

describe('commands in the documentation', () => {
  const io = {
    out() {},
    err() {},
    isTerminal: false,
    width: 80,
    color: false,
    errIsTerminal: false,
    errColor: false,
  }
  const program = buildProgram({ composition: fakeComposition(), io, finish() {} })
  const commands = new Map(everyCommand(program).map(({ path, command }) => [path, command]))
  const scripts = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

  test.each(written)('those in %s exist, with their options', (page) => {
    const wrong = commandLines(read(page)).flatMap((line) => complaintsAbout(line, commands))

    expect(wrong).toEqual([])
  })

  test.each(written)('npm scripts that %s names exist', (page) => {
    const named = [...read(page).matchAll(/npm run (?:-s |--silent )?([a-z][a-z:]*)/gu)]

    const missing = named.map(([, name = '']) => name).filter((name) => !(name in scripts.scripts))

    expect(missing).toEqual([])
  })

  test('the README names every command', () => {
    const top = [...commands.keys()].filter((path) => !path.includes(' '))
    const overview = read('README.md').split('## Commands')[1]?.split('\n## ')[0] ?? ''

    const missing = top.filter(
      (name) => !new RegExp(`\`(changeover )?${name}\\b`, 'u').test(overview),
    )

    expect(missing).toEqual([])
  })

  test('a command or option that does not exist is noticed', () => {
    expect(complaintsAbout('status --watch', commands)).toEqual([])
    expect(complaintsAbout('stauts', commands)).toEqual(['there is no command stauts'])
    expect(complaintsAbout('hold a/b --until 3', commands)).toEqual(['hold has no option --until'])
  })
})

/** What stands behind the name of the program, in code spans and blocks. */
function commandLines(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```\w*\n([^]*?)^```$/gmu)].map(([, code = '']) => code)
  const spans = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/gu)].map(([, code = '']) => code)
  return [...blocks.flatMap((block) => block.split('\n')), ...spans].flatMap((line) => {
    const found = /^(?:npm run -s )?changeover (?:-- )?([a-z].*)$/u.exec(line.trim())
    return found?.[1] === undefined ? [] : [found[1]]
  })
}

function complaintsAbout(line: string, commands: ReadonlyMap<string, Command>): readonly string[] {
  const bare = line.replace(/ #.*$/u, '').replaceAll(/"[^"]*"/gu, '…')
  const [first = '', second = ''] = bare.split(' ')
  const name = commands.has(`${first} ${second}`) ? `${first} ${second}` : first
  const command = commands.get(name)
  if (command === undefined) return [`there is no command ${first}`]
  const known = command.options.map(({ long }) => long)
  return [...bare.matchAll(/(--[a-z][a-z-]*)/gu)]
    .map(([option]) => option)
    .filter((option) => !known.includes(option) && option !== '--help')
    .map((option) => `${name} has no option ${option}`)
}

describe('the table of what works', () => {
  test('names the plug-ins that there are, and no others', () => {
    const rows = [
      ...read('README.md').matchAll(/^\| (probe|actuator|notifier) +\| `([a-z0-9-]+)`/gmu),
    ]
    const listed = rows.map(([, kind, type]) => `${kind} ${type}`)

    const there = [
      ...plugins.probes.map(({ type }) => `probe ${type}`),
      ...plugins.actuators.map(({ type }) => `actuator ${type}`),
      ...plugins.notifiers.map(({ type }) => `notifier ${type}`),
    ]

    expect(listed.toSorted()).toEqual(there.toSorted())
  })
})

describe('docs/safety.md', () => {
  test('lists the guards in the order in which they are asked', () => {
    const table = read('docs/safety.md').split('### Guards, in order')[1]?.split('\n## ')[0] ?? ''
    const listed = [...table.matchAll(/^\| `([a-z-]+)`/gmu)].map(([, name]) => name)

    expect(listed).toEqual(guardNames)
  })

  test('has a row or a word for each invariant that tests and sources name', () => {
    const page = read('docs/safety.md').split('## Invariants')[1] ?? ''
    const named = [...filesUnder('src', 'test')]
      .filter((path) => path.endsWith('.ts') && path !== 'test/docs.test.ts')
      .flatMap((path) =>
        [...read(path).matchAll(/invariants? (\d+)/gu)].map(([, number]) => number),
      )

    const missing = [...new Set(named)].filter(
      (number) => !new RegExp(`^\\| ${number} |\\b${number}\\b \\(`, 'mu').test(page),
    )

    expect(missing).toEqual([])
  })
})

test('what is paged for is explained, to those who want to know and to those on call', () => {
  const source = read('src/engine/group/conditions.ts')
  const keys = [...source.matchAll(/\bname: '([a-z-]+)'/gu)].map(([, name]) => `#${name}`)

  for (const page of ['docs/safety.md', 'docs/operating.md']) {
    const text = read(page)
    expect(keys.filter((key) => !text.includes(`${key}\``))).toEqual([])
  }
  expect(keys).toContain('#frozen')
})

describe('the status page', () => {
  test('is shown in a picture that is quick to load', () => {
    expect(statSync(join(repository, 'docs/images/status-page.png')).size).toBeLessThan(200_000)
  })
})

/*
 * Examples of plug-ins are compiled and tested where they stand in test/docs; the documentation
 * shows them as they would look in their own place, where a plug-in is the default export.
 */
describe('examples of plug-ins', () => {
  const examples = written.flatMap((page) =>
    blocksOf(page).flatMap(({ before, text }) => {
      const found = /^<!-- example: (\S+) is (\S+) -->$/u.exec(before)
      return found === null ? [] : [{ page, place: found[1] ?? '', file: found[2] ?? '', text }]
    }),
  )
  const places = new Map(examples.map(({ place, file }) => [file, place]))

  test('are there for probe, actuator and notifier, each with its test', () => {
    expect(examples.map(({ file }) => file).toSorted()).toEqual(filesUnder('test/docs').toSorted())
  })

  test.each(examples)('$place in $page is $file', ({ place, file, text }) => {
    const shown = read(file)
      .replaceAll(/from '(\.[^']+)'/gu, (_, specifier: string) => {
        const target = posix.join(posix.dirname(file), specifier)
        const path = posix.relative(posix.dirname(place), places.get(target) ?? target)
        return `from '${path.startsWith('.') ? path : `./${path}`}'`
      })
      .replace('export { plugin }', 'export default plugin')
      .replace('import { plugin } from', 'import plugin from')

    expect(text).toBe(`// ${place}\n${shown}`)
  })

  test.each(written)('excerpts in %s stand in the file that they name', (page) => {
    for (const { before, text } of blocksOf(page)) {
      const file = /^<!-- excerpt: (\S+) -->$/u.exec(before)?.[1]
      if (file !== undefined) expect(unindented(read(file))).toContain(unindented(text))
    }
  })
})

function unindented(text: string): string {
  return text.replaceAll(/^ +/gmu, '')
}

describe('docs/plugins/rules.md', () => {
  function blocksAfter(mark: string): readonly string[] {
    const found = blocksOf('docs/plugins/rules.md').filter(({ before }) => before === mark)
    if (found.length === 0) throw new Error(`nothing stands after ${mark}`)
    return found.map(({ text }) => text)
  }

  function blockAfter(mark: string): string {
    return blocksAfter(mark)[0] ?? ''
  }

  function load() {
    const fileName = 'rules/site.yaml'
    const { probes } = plugins
    return loadRuleFile({ text: blockAfter('<!-- rules -->'), fileName, probes, everyMs: 5_000 })
  }

  test('shows a rule file without an error or a warning', () => {
    expect(load()).toMatchObject({ ok: true, warnings: [] })
  })

  test('shows scenarios that hold over the shipped rules, and need each rule', async () => {
    const loaded = load()
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
    const { pack } = loaded
    async function failures(names: readonly string[]): Promise<readonly string[]> {
      const rules = pack.rules.filter(({ name }) => names.includes(name))
      const reports = await Promise.all(
        blocksAfter('<!-- scenarios -->').map((text) =>
          runRuleScenarios({
            text,
            fileName: 'rules/site.test.yaml',
            rules: compile(...packNames.map(loadPack), { ...pack, rules }),
            probes: plugins.probes,
          }),
        ),
      )
      return reports.flatMap((report) =>
        report.ok
          ? report.tests.flatMap((each) => each.failures.map(({ says }) => says))
          : report.errors,
      )
    }
    const names = pack.rules.map(({ name }) => name)

    expect(await failures(names)).toEqual([])
    for (const removed of names) {
      expect(await failures(names.filter((name) => name !== removed))).not.toEqual([])
    }
  })

  test('shows a configuration and a pack that change shipped rules', () => {
    const known = packNames.map((name) => {
      const fileName = `rules/${name}.yaml`
      return { fileName, text: read(fileName) }
    })
    const site = { fileName: 'own/site.yaml', text: blockAfter('<!-- inherits -->') }

    const loaded = loadRulePacks([...known, site], { probes: plugins.probes })
    const configured = loadConfiguration(
      blockAfter('<!-- configuration -->'),
      join(repository, 'changeover.yaml'),
      plugins,
    )

    expect(loaded).toMatchObject({ ok: true, warnings: [] })
    if (!configured.ok) throw new Error(configured.errors.join('\n'))
    const own = rulesOf(configured.rules, 'channel-1/cdn/cdn-b').rules.map(
      ({ definition }) => definition,
    )
    expect(own.find(({ name }) => name === 'slow-delivery')).toMatchObject({
      forMs: 60_000,
      params: { limit: 1.2, good: 0.7 },
    })
    expect(own.some(({ name }) => name === 'sequence-regression')).toBe(true)
  })
})
