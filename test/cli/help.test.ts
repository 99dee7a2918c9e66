import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { commandsMarkdown, everyCommand, helpOf } from './commands-markdown.ts'
import { fakeComposition, run } from './harness.ts'

function program(): Command {
  const io = {
    out() {},
    err() {},
    isTerminal: false,
    width: 80,
    color: false,
    errIsTerminal: false,
    errColor: false,
  }
  return buildProgram({ composition: fakeComposition(), io, finish() {} })
}

const paths = everyCommand(program()).map(({ path }) => path)

describe('the help of every command', () => {
  it.each(paths)(
    'changeover %s: says what it does, with an example, and succeeds',
    async (path) => {
      const { code, out, err } = await run([...path.split(' '), '--help'])

      expect(code).toBe(0)
      expect(err).toBe('')
      expect(out).toMatch(/^Usage: changeover /u)
      expect(out).toMatch(/\nExamples?:\n {2}changeover /u)
      expect(out.endsWith('\n')).toBe(true)
    },
  )

  it.each(paths)('changeover %s: fits into 80 columns, but for examples', async (path) => {
    const { out } = await run([...path.split(' '), '--help'], undefined, { width: 80 })

    const [text = ''] = out.split(/\nExamples?:\n/u)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('names every command at the top, in groups', async () => {
    const { out } = await run(['--help'])

    const names = paths.filter((path) => !path.includes(' '))
    for (const name of names) expect(out).toMatch(new RegExp(`^ {2}${name}\\b`, 'mu'))
    expect(out).toMatch(/Watching:[^]*Looking:[^]*Acting:[^]*Trying out:/u)
    expect(out).toContain('Exit codes: 0 done or healthy')
  })

  it('colours headings only where colour is taken', async () => {
    const plain = await run(['--help'])
    const colored = await run(['--help'], undefined, { color: true })

    expect(plain.out).not.toContain('\u001b')
    expect(colored.out).toContain('\u001b[1mUsage:\u001b[22m')
  })
})

describe('docs/cli.md', () => {
  it('has a section for each command, equal to its help', async () => {
    await expect(commandsMarkdown(program())).toMatchFileSnapshot('../../docs/cli.md')
  })

  it('is made from help that depends on no terminal', () => {
    const [first] = everyCommand(program())

    expect(first === undefined ? '' : helpOf(first.command)).not.toContain('\u001b')
  })
})

describe('the command line', () => {
  it('prints the version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' })
    expect(await run(['-V'])).toMatchObject({ code: 0, out: '1.2.3\n' })
  })

  it('shows its help where no command is given, as a usage error', async () => {
    const { code, out, err } = await run([])

    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(/^Usage: changeover/u)
  })

  it.each([
    {
      argv: ['stauts'],
      says: "unknown command 'stauts' (Did you mean status?)",
      todo: 'See changeover --help.',
    },
    {
      argv: ['probe', 'http://a.example/x.m3u8', '--fro', '3s'],
      says: "unknown option '--fro' (Did you mean --for?)",
      todo: 'See changeover probe --help.',
    },
    {
      argv: ['probe'],
      says: "missing required argument 'url'",
      todo: 'See changeover probe --help.',
    },
    {
      argv: ['probe', 'http://a.example/x.m3u8', '--for', '10'],
      says: "option '--for <duration>' argument '10' is invalid. Use a duration from 0s to 1h with its unit, such as 10s.",
      todo: 'See changeover probe --help.',
    },
    {
      argv: ['hold', 'channel-1', '--for', '2h', '--reason', 'x'],
      says: '"channel-1" is no group. A group is called <stream>/<group>, such as channel-1/cdn; `changeover status` lists them.',
      todo: 'See changeover hold --help.',
    },
    {
      argv: ['hold', 'a/b', '--for', '2h'],
      says: "required option '--reason <text>' not specified",
      todo: 'See changeover hold --help.',
    },
    {
      argv: ['hold', 'a/b', '--reason', 'x'],
      says: "required option '--for <duration>' not specified",
      todo: 'See changeover hold --help.',
    },
    {
      argv: ['steer', 'a/b', 'c', '--reason', 'two\nlines'],
      says: "option '--reason <text>' argument 'two lines' is invalid. Use one line of at most 500 characters.",
      todo: 'See changeover steer --help.',
    },
    {
      argv: ['journal', '--limit', '0'],
      says: "option '--limit <n>' argument '0' is invalid. Use a whole number from 1 to 1000.",
      todo: 'See changeover journal --help.',
    },
    {
      argv: ['demo', '--port', '65536'],
      says: "option '--port <port>' argument '65536' is invalid. Use a whole number from 0 to 65535.",
      todo: 'See changeover demo --help.',
    },
    {
      argv: ['rules', 'tset'],
      says: "unknown command 'tset' (Did you mean test?)",
      todo: 'See changeover rules --help.',
    },
    {
      argv: ['run', 'site.yaml', '--log', 'xml'],
      says: "option '--log <form>' argument 'xml' is invalid. Allowed choices are json, lines.",
      todo: 'See changeover run --help.',
    },
  ])('answers $argv with one sentence and what to do', async ({ argv, says, todo }) => {
    expect(await run(argv)).toEqual({ code: 2, out: '', err: `error: ${says}\n  ${todo}\n` })
  })

  it('colours an error where standard error takes colour, wherever standard output goes', async () => {
    const { err } = await run(['stauts'], undefined, { color: false, errColor: true })

    expect(err.startsWith('\u001b[31merror:\u001b[39m unknown command')).toBe(true)
    expect((await run(['stauts'], undefined, { color: true })).err).not.toContain('\u001b')
  })

  it('tells of an error of its own in a sentence, without a stack or a secret', async () => {
    const composition = fakeComposition({
      load: () => {
        throw new TypeError('cannot read https://user:secret@a.example/?key=secret')
      },
    })

    const { code, err } = await run(['check', import.meta.filename], composition)

    expect(code).toBe(3)
    expect(err).toBe(
      'error: Changeover made an error: cannot read https://a.example/?key=…\n' +
        '  Please report it with the command that you gave.\n',
    )
  })
})
