import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const tools = fileURLToPath(new URL('../../tools', import.meta.url))

/** A repository of its own, with the tools and nothing else. */
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-tools-'))
  cpSync(tools, join(root, 'tools'), { recursive: true })
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(file: string, text: string): void {
  mkdirSync(join(root, file, '..'), { recursive: true })
  writeFileSync(join(root, file), text)
}

function lock(file: string, packages: Readonly<Record<string, unknown>>): void {
  write(file, JSON.stringify({ packages }))
}

/** An npm that does this in place of installing. */
function npmThat(script: string): void {
  write('npm-cli.js', script)
}

function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    npm_execpath: join(root, 'npm-cli.js'),
    npm_node_execpath: process.execPath,
    ...more,
  }
}

function use(tool: string, args: readonly string[] = []) {
  return spawnSync(process.execPath, [join(root, 'tools', tool), ...args], {
    cwd: root,
    env: environment(),
    encoding: 'utf8',
  })
}

/** An installation that agrees with its lock file. */
function installed(): void {
  const packages = { '': {}, 'node_modules/zod': { version: '4.0.0' } }
  lock('package-lock.json', packages)
  lock('node_modules/.package-lock.json', packages)
}

describe('installing', () => {
  test('nothing happens where everything is there', () => {
    installed()
    npmThat("throw new Error('npm was called')")

    const { status, stderr } = use('install.mjs')

    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  test.each([
    ['nothing is installed', undefined, 'nothing is installed yet'],
    ['a package is missing', {}, '1 missing or outdated'],
    ['a package is older', { 'node_modules/zod': { version: '3.0.0' } }, '1 missing or outdated'],
  ])('npm ci runs where %s', (_, present, reason) => {
    lock('package-lock.json', { 'node_modules/zod': { version: '4.0.0' } })
    if (present !== undefined) lock('node_modules/.package-lock.json', present)
    npmThat(`
      const fs = require('node:fs')
      if (process.argv[2] !== 'ci') throw new Error('not ci')
      fs.mkdirSync('node_modules', { recursive: true })
      fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json')
    `)

    const { status, stderr, stdout } = use('install.mjs')

    expect(stderr).toContain(`Installing npm packages (${reason})`)
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })

  test('packages for other platforms may be missing', () => {
    lock('package-lock.json', { 'node_modules/fsevents': { version: '1.0.0', optional: true } })
    lock('node_modules/.package-lock.json', {})

    expect(use('install.mjs').status).toBe(0)
  })

  test.each([
    ['npm error code ENOTFOUND', 'npm cannot reach its registry.'],
    ['npm error code ENOSPC', 'the disk is full.'],
    ['npm error code EACCES', 'npm may not write into this folder.'],
    ['npm error something else', 'npm could not install the packages'],
  ])('`%s` is explained', (message, sentence) => {
    lock('package-lock.json', { 'node_modules/zod': { version: '4.0.0' } })
    npmThat(`console.error(${JSON.stringify(message)}); process.exit(1)`)

    const { status, stderr } = use('install.mjs')

    expect(stderr).toContain(message)
    expect(stderr).toContain(`changeover: ${sentence}`)
    expect(status).toBe(2)
  })

  test('an npm that installs something else is found out', () => {
    lock('package-lock.json', { 'node_modules/zod': { version: '4.0.0' } })
    npmThat('')

    expect(use('install.mjs').stderr).toContain('something is still missing')
  })
})

describe('running the program', () => {
  test('arguments, output and exit code pass through', () => {
    installed()
    write('src/main.ts', 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3')

    const { status, stdout, stderr } = use('run.mjs', ['status', '--json', 'a b'])

    expect(stdout).toBe('["status","--json","a b"]\n')
    expect(stderr).toBe('')
    expect(status).toBe(3)
  })

  test.each([
    [[], ['demo']],
    [['my.yaml'], ['run', 'my.yaml']],
  ])('npm start with %j runs %j', (given, expected) => {
    installed()
    write('dist/ui/index.html', '')
    write('src/main.ts', 'console.log(JSON.stringify(process.argv.slice(2)))')

    expect(use('start.mjs', given).stdout).toBe(`${JSON.stringify(expected)}\n`)
  })

  test('a file name means the folder in which npm was called', () => {
    installed()
    write('src/main.ts', 'console.log(process.cwd())')
    write('below/a.yaml', '')
    const below = join(root, 'below')

    const { stdout } = spawnSync(process.execPath, [join(root, 'tools', 'run.mjs')], {
      cwd: root,
      env: environment({ npm_lifecycle_event: 'changeover', INIT_CWD: below }),
      encoding: 'utf8',
    })

    expect(stdout.trim()).toBe(below)
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s reaches the program, once, and its exit code comes back',
    async (signal) => {
      installed()
      write(
        'src/main.ts',
        `
        let times = 0
        process.on('${signal}', () => {
          times += 1
          setTimeout(() => process.exit(40 + times), 100)
        })
        setInterval(() => {}, 1_000)
        console.log('ready')
        `,
      )
      const child: ChildProcess = spawn(process.execPath, [join(root, 'tools', 'run.mjs')], {
        cwd: root,
        env: environment(),
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (child.stdout !== null) await once(child.stdout, 'data')

      // npm and a supervisor both pass it on.
      child.kill(signal)
      child.kill(signal)

      expect(await once(child, 'exit')).toEqual([41, null])
    },
  )

  test('the program ends with npm, whose shell dies of SIGTERM without passing it on', async () => {
    installed()
    write(
      'src/main.ts',
      "process.on('SIGTERM', () => { console.log('asked to stop'); process.exit(0) }); setInterval(() => {}, 1_000); console.log('ready')",
    )
    const command = `"${process.execPath}" tools/run.mjs; true`
    const shell = spawn('sh', ['-c', command], {
      cwd: root,
      env: environment({ npm_lifecycle_event: 'changeover' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said: string[] = []
    shell.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
    await once(shell.stdout, 'data')

    shell.kill('SIGTERM')
    await once(shell.stdout, 'end')

    expect(said.join('')).toBe('ready\nasked to stop\n')
  })

  test('a program that a signal ended counts as the shell counts it', () => {
    installed()
    write('src/main.ts', "process.kill(process.pid, 'SIGKILL')")

    expect(use('run.mjs').status).toBe(128 + 9)
  })
})
