import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeComposition, hurriedClock, ownFolder, run } from './harness.ts'

const rule = `rules:
  - name: playlist-old
    class: down
    when: playlist_age_seconds > 30
    for: 5s
    says: "no new segment for {playlist_age_seconds}s"
`

const scenario = (health: string) => `tests:
  - name: a stream that stands for a minute
    given:
      - { path: cdn-a, target_duration_seconds: 2, playlist_age_seconds: "1x10 1+5x12" }
    expect:
      - { at: 45s, path: cdn-a, health: up }
      - { at: 110s, path: cdn-a, health: ${health} }
`

/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = ownFolder()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

/**
 * Reads JUnit XML as strictly as the schema that CI systems share (testsuites, testsuite with its
 * counts, testcase with name and classname, failure and error with a message): anything else throws.
 */
function junitOf(file: string) {
  const text = readFileSync(file, 'utf8')
  const attribute = String.raw`"(?:[^"<&]|&(?:amp|lt|gt|quot);)*"`
  const tokens = new RegExp(
    String.raw`<\?xml version="1\.0" encoding="UTF-8"\?>|</?(testsuites|testsuite|testcase|failure|error)((?: [a-z]+=${attribute})*)(/?)>|((?:[^<&]|&(?:amp|lt|gt|quot);)+)`,
    'gu',
  )
  const required: Readonly<Record<string, readonly string[]>> = {
    testsuites: [],
    testsuite: ['name', 'tests', 'failures', 'errors'],
    testcase: ['name', 'classname'],
    failure: ['message'],
    error: ['message'],
  }
  const parents = new Map([
    ['testsuites', ''],
    ['testsuite', 'testsuites'],
    ['testcase', 'testsuite'],
    ['failure', 'testcase'],
    ['error', 'testcase'],
  ])
  const open: { tag: string; counts: number[]; given: Map<string, string> }[] = []
  const found = { suites: [] as string[], cases: [] as string[], failures: 0, errors: 0 }
  let read = 0
  for (const match of text.matchAll(tokens)) {
    if (match.index !== read) throw new Error(`no JUnit at ${read}: ${text.slice(read, read + 80)}`)
    read += match[0].length
    const [all, tag, attributes = '', alone] = match
    if (tag === undefined) continue
    if (!all.startsWith('</')) {
      expect(parents.get(tag)).toBe(open.at(-1)?.tag ?? '')
      const given = new Map(
        [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/gu)].map(([, key = '', value = '']) => [
          key,
          value,
        ]),
      )
      expect([...given.keys()]).toEqual(required[tag])
      if (tag === 'testsuite') found.suites.push(given.get('name') ?? '')
      if (tag === 'testcase') found.cases.push(given.get('name') ?? '')
      const index = ['testcase', 'failure', 'error'].indexOf(tag)
      const suite = open.find((each) => each.tag === 'testsuite')
      if (suite !== undefined && index >= 0) suite.counts[index] = (suite.counts[index] ?? 0) + 1
      if (tag === 'failure') found.failures += 1
      if (tag === 'error') found.errors += 1
      if (alone === '') open.push({ tag, counts: [0, 0, 0], given })
      continue
    }
    const closed = open.pop()
    expect(closed?.tag).toBe(tag)
    if (tag !== 'testsuite') continue
    const said = ['tests', 'failures', 'errors'].map((key) => Number(closed?.given.get(key)))
    expect(closed?.counts).toEqual(said)
  }
  expect({ read, open }).toEqual({ read: text.length, open: [] })
  return found
}

describe('changeover rules test', () => {
  it('runs the shipped scenarios where no folder is named, and they hold', async () => {
    const { code, out, err } = await run(['rules', 'test'])

    expect(err).toBe('')
    expect(out).toMatch(/^ok {2}rules\/hls\.test\.yaml {2}\d+ scenarios, \d+ expectations\n/mu)
    expect(out).toMatch(/\n\d+ passed\n$/u)
    expect(code).toBe(0)
  })

  it('says which expectation of a folder does not hold, with its place and the reason', async () => {
    const dir = folder({ 'own.yaml': rule, 'own.test.yaml': scenario('up') })

    const { code, out, err } = await run(['rules', 'test', dir])

    expect(err).toBe('')
    expect(code).toBe(1)
    const [head, name, says, summary] = out.split('\n')
    expect(head).toBe(`FAILS  ${dir}/own.test.yaml  1 scenarios, 2 expectations`)
    expect(name).toBe('  ✖ a stream that stands for a minute')
    expect(says).toMatch(
      /^ {6}\S+own\.test\.yaml:7:9: "a stream that stands for a minute" at 1m50s: expected cdn-a health up, got down: /u,
    )
    expect(summary).toBe('0 passed, 1 failed')
  })

  it('prints results as JSON and writes JUnit XML', async () => {
    const dir = folder({ 'own.yaml': rule, 'own.test.yaml': scenario('up') })
    const junit = join(dir, 'results.xml')

    const { code, out } = await run(['rules', 'test', dir, '--json', '--junit', junit])

    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      passed: 0,
      failed: 1,
      errors: [],
      files: [{ tests: [{ expectations: 2, failures: [{ expected: 'health up', got: 'down' }] }] }],
    })
    expect(junitOf(junit)).toEqual({
      suites: [`${dir}/own.test.yaml`],
      cases: ['a stream that stands for a minute'],
      failures: 1,
      errors: 0,
    })
  })

  it('judges own scenarios by the shipped rules too, as a watchdog would', async () => {
    const dir = folder({ 'own.yaml': rule, 'own.test.yaml': scenario('down') })

    expect(await run(['rules', 'test', dir])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/1 passed\n$/u),
    })
  })

  it('ends with 2 where a rule file or a scenario file is wrong', async () => {
    const badRule = folder({
      'own.yaml': rule.replace('age', 'agee'),
      'own.test.yaml': scenario('up'),
    })
    const badTest = folder({ 'own.yaml': rule, 'own.test.yaml': 'tests: []\n' })

    const first = await run(['rules', 'test', badRule])
    const second = await run(['rules', 'test', badTest])

    expect(first.code).toBe(2)
    expect(first.err).toMatch(/^error: \S+own\.yaml:4:11: .*playlist_agee_seconds/u)
    expect(second.code).toBe(2)
    expect(second.err).toMatch(/^error: \S+own\.test\.yaml:1:8: /u)
  })

  it('reports files that are wrong as errors in JUnit XML, and escapes what they say', async () => {
    const dir = folder({
      'own.yaml': rule.replace('"no new', '"<&\\"> no new'),
      'own.test.yaml': scenario('up').replace('minute', '<minute> & "more"'),
      'wrong.test.yaml': 'tests: []\n',
    })
    const junit = join(dir, 'results.xml')

    const { code } = await run(['rules', 'test', dir, '--junit', junit])

    expect(code).toBe(2)
    expect(junitOf(junit)).toEqual({
      suites: [`${dir}/wrong.test.yaml`, `${dir}/own.test.yaml`],
      cases: ['can be read', 'a stream that stands for a &lt;minute&gt; &amp; &quot;more&quot;'],
      failures: 1,
      errors: 1,
    })
  })

  it('runs again after each change with --watch, until it is asked to end', async () => {
    const dir = folder({ 'own.yaml': rule, 'own.test.yaml': scenario('up') })
    const file = join(dir, 'own.test.yaml')
    const steps = [
      () => writeFileSync(file, 'tests: []\n'),
      () => rmSync(dir, { recursive: true }),
      () => {
        mkdirSync(dir)
        writeFileSync(join(dir, 'own.yaml'), rule)
        writeFileSync(file, scenario('down'))
      },
    ]
    let looks = 0
    let end = () => {}
    const clock = hurriedClock()
    const composition = fakeComposition({
      untilStopped: () => new Promise((resolve) => (end = resolve)),
      clock: {
        ...clock,
        sleep: async (ms, signal) => {
          looks += 1
          if (looks % 4 === 0) steps.shift()?.()
          if (looks === 20) end()
          return await clock.sleep(ms, signal)
        },
      },
    })

    const { code, out, err } = await run(['rules', 'test', dir, '--watch'], composition)

    expect(code).toBe(0)
    expect(out.match(/\d+ passed.*|No scenarios.*/gu)).toEqual([
      '0 passed, 1 failed',
      'No scenarios were found.',
      '1 passed',
    ])
    expect(err).toMatch(
      /own\.test\.yaml:1:8: tests: .*\n[^]*The folder \S+ cannot be read \(ENOENT\)/u,
    )
    expect(out).not.toContain('\u001b')
  })

  it('clears the screen with --watch on a terminal only, and ends on a signal', async () => {
    const dir = folder({ 'own.yaml': rule, 'own.test.yaml': scenario('up') })
    const composition = fakeComposition({ untilStopped: () => Promise.resolve() })

    const shown = await run(['rules', 'test', dir, '--watch'], composition, { isTerminal: true })
    const piped = await run(['rules', 'test', dir, '--watch', '--json'], composition)

    expect(shown.code).toBe(1)
    expect(shown.out.startsWith('\u001b[H\u001b[J')).toBe(true)
    expect(shown.out.endsWith('Waiting for changes; Ctrl-C ends it.\n')).toBe(true)
    expect(piped.out.split('\n').filter(Boolean)).toHaveLength(1)
    expect(piped.out).not.toContain('\u001b')
  })

  it('cannot write where there is no folder', async () => {
    const dir = folder({ 'own.yaml': rule, 'own.test.yaml': scenario('down') })

    expect(await run(['rules', 'test', dir, '--junit', '/nowhere/x.xml'])).toMatchObject({
      code: 2,
      err: 'error: /nowhere/x.xml cannot be written (ENOENT).\n  Give --junit a file in a folder that exists.\n',
    })
  })

  it('says that there are no scenarios', async () => {
    expect(await run(['rules', 'test', folder({ 'own.yaml': rule })])).toMatchObject({
      code: 0,
      out: 'No scenarios were found.\n',
    })
  })

  it('says what to do about a folder that is not there', async () => {
    expect(await run(['rules', 'test', '/nowhere'])).toEqual({
      code: 2,
      out: '',
      err:
        'error: The folder /nowhere cannot be read (ENOENT).\n' +
        '  Name a folder with rule files: name.yaml and beside it name.test.yaml.\n',
    })
  })
})

describe('changeover rules check', () => {
  it('finds the shipped rules right', async () => {
    expect(await run(['rules', 'check'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^right {2}rules\/hls\.yaml {2,}\d+ rules\n/mu),
    })
  })

  it('names rules without scenarios', async () => {
    const dir = folder({ 'own.yaml': rule })

    expect(await run(['rules', 'check', dir])).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        `right  ${dir}/own.yaml  1 rules, no scenarios: ${dir}/own.test.yaml is missing\n`,
      ),
    })
  })

  it('ends with 2 where one is wrong, and shows where', async () => {
    const dir = folder({ 'own.yaml': rule.replace('class: down', 'class: sad') })

    const { code, out, err } = await run(['rules', 'check', dir])

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^error: \S+own\.yaml:3:12: rules\[0\]\.class: /u)
  })
})
