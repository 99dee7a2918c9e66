import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ownFolder, run } from './harness.ts'

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
    expect(readFileSync(junit, 'utf8')).toContain('tests="1" failures="1"')
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
