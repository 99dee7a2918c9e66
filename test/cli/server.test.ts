import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findServer } from '../../src/cli/server.ts'
import { freePort } from '../../src/cli/free-port.ts'
import { fakeComposition, operatorToken, ownFolder, run, servedWatchdog } from './harness.ts'

function environment(variables: Readonly<Record<string, string>>) {
  return fakeComposition({ environment: (name) => variables[name] })
}

/** A server that answers everything alike, and what it was asked. */
async function answering(status: number, body: string, location?: string) {
  const asked: { url: string | undefined; authorization: string | undefined }[] = []
  const server: Server = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization })
    response.writeHead(status, location === undefined ? {} : { location }).end(body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

describe('the address of the watchdog', () => {
  it.each([
    { given: {}, variables: {}, url: 'http://127.0.0.1:8642' },
    { given: {}, variables: { CHANGEOVER_URL: '' }, url: 'http://127.0.0.1:8642' },
    {
      given: {},
      variables: { CHANGEOVER_URL: 'http://10.0.0.5:8642/' },
      url: 'http://10.0.0.5:8642',
    },
    {
      given: { url: 'https://watch.example/changeover/' },
      variables: { CHANGEOVER_URL: 'http://10.0.0.5:8642' },
      url: 'https://watch.example/changeover',
    },
  ])('is $url for $given and $variables', ({ given, variables, url }) => {
    expect(findServer(given, environment(variables)).url).toBe(url)
  })

  it.each([
    {
      url: 'localhost:8642',
      says: '"localhost:…" is no address of a watchdog.',
      todo: 'Give an http or https URL, such as http://127.0.0.1:8642.',
    },
    {
      url: 'http://maria:hunter2@watch.example/',
      says: 'The address of the watchdog carries a user or password.',
      todo: 'Leave them out; a token is given with --token-file or CHANGEOVER_TOKEN.',
    },
  ])('refuses $url', async ({ url, says, todo }) => {
    expect(await run(['status', '--url', url])).toEqual({
      code: 2,
      out: '',
      err: `error: ${says}\n  ${todo}\n`,
    })
  })
})

describe('the token', () => {
  it('comes from the option, then the file, then the environment', () => {
    const file = join(ownFolder(), 'changeover.token')
    writeFileSync(file, 'from-file\n')
    const composition = environment({ CHANGEOVER_TOKEN: 'from-environment' })

    expect(findServer({ token: 'given', tokenFile: file }, composition).token).toBe('given')
    expect(findServer({ tokenFile: file }, composition).token).toBe('from-file')
    expect(findServer({}, composition).token).toBe('from-environment')
    expect(findServer({}, environment({})).token).toBeUndefined()
  })

  it('of the working directory goes to this machine only', () => {
    const before = process.cwd()
    const folder = ownFolder()
    writeFileSync(join(folder, 'changeover.token'), 'local-token\n')
    process.chdir(folder)
    onTestFinished(() => process.chdir(before))

    expect(findServer({}, environment({})).token).toBe('local-token')
    expect(findServer({ url: 'http://[::1]:8642' }, environment({})).token).toBe('local-token')
    expect(findServer({ url: 'http://localhost:1' }, environment({})).token).toBe('local-token')
    for (const url of ['http://10.0.0.5:8642', 'http://127.0.0.1.evil.example']) {
      expect(findServer({ url }, environment({})).token).toBeUndefined()
    }
  })

  it('of the working directory is passed over where it cannot be read: reading may be open', () => {
    const before = process.cwd()
    const folder = ownFolder()
    mkdirSync(join(folder, 'changeover.token'))
    process.chdir(folder)
    onTestFinished(() => process.chdir(before))

    expect(findServer({}, environment({})).token).toBeUndefined()
  })

  it('says what to do about a file that cannot be read', async () => {
    expect(await run(['status', '--token-file', '/nowhere/token'])).toEqual({
      code: 2,
      out: '',
      err:
        'error: The token file /nowhere/token cannot be read (ENOENT).\n' +
        '  It lies beside the store of the watchdog and belongs to the user who runs it.\n',
    })
  })

  it('cannot bring another header along, and is never repeated', async () => {
    const { code, err } = await run(['status', '--token', 'secret\r\nx-evil: 1'])

    expect(code).toBe(2)
    expect(err).toContain('error: The token has characters that no token has.\n')
    expect(err).not.toContain('secret')
  })

  it.each([
    {
      token: 'wrong-token',
      says: 'This token is not known here.',
    },
    {
      token: 'viewer-token-9f2c41',
      says: 'This token may read, not change.',
    },
  ])('that may not change is a usage error: $says', async ({ token, says }) => {
    const { port, url } = await servedWatchdog()
    const argv = ['release', 'a/b', '--reason', 'x', '--url', url, '--token', token]

    const { code, err } = await run(argv)

    expect(code).toBe(2)
    expect(err).toContain(`error: ${says}\n`)
    expect(err).not.toContain(token)
    expect(port.commands).toEqual([])
  })

  it('that is missing is a usage error which says where tokens are', async () => {
    const { url } = await servedWatchdog()

    const { code, err } = await run(['release', 'a/b', '--reason', 'x', '--url', url])

    expect(code).toBe(2)
    expect(err).toContain('Changing needs a token with the role operator.')
    expect(err).toContain('in the token file beside the store')
  })

  it('is sent to the address that was given, and to no place it redirects to', async () => {
    const other = await answering(200, '{}')
    const first = await answering(302, '', other.url)
    const argv = ['status', '--url', first.url, '--token', operatorToken]

    await run(argv)

    expect(first.asked).toEqual([
      { url: '/api/v1/state', authorization: `Bearer ${operatorToken}` },
    ])
    expect(other.asked).toEqual([])
  })
})

describe('a watchdog that does not answer', () => {
  it('ends with 3 and the sentence what to do', async () => {
    const port = await freePort(0)

    expect(await run(['status', '--url', `http://127.0.0.1:${port}`])).toEqual({
      code: 3,
      out: '',
      err:
        `error: No watchdog answers at http://127.0.0.1:${port}: connection refused by 127.0.0.1:${port}.\n` +
        '  Start one with `changeover run`, or give its address with --url.\n',
    })
  })

  it.each([
    { status: 200, body: '<html>It works!</html>' },
    { status: 404, body: 'not found' },
    { status: 200, body: '"text"' },
    { status: 500, body: '{"error":"broken"}' },
    { status: 500, body: '{"error":{"code":"\\u001b[2J"}}' },
  ])('because something else does ($status $body) ends with 3', async ({ status, body }) => {
    const { url } = await answering(status, body)

    expect(await run(['status', '--url', url])).toEqual({
      code: 3,
      out: '',
      err:
        `error: What answers at ${url}/ is no watchdog (status ${status}).\n` +
        '  Give its address with --url.\n',
    })
  })

  it('for a while does not end what follows it', async () => {
    const { port, url } = await servedWatchdog()
    let healthy = true
    port.view = () => {
      if (!healthy) throw new Error('broken for a moment')
      return port.current
    }
    let stop = () => {}
    const stopped = new Promise<void>((resolve) => {
      stop = resolve
    })
    let waits = 0
    const composition = fakeComposition({
      untilStopped: () => stopped,
      clock: {
        now: () => 0,
        wall: () => 0,
        async sleep() {
          waits += 1
          healthy = waits > 2
          if (waits > 3) stop()
          await new Promise((resolve) => {
            setImmediate(resolve)
          })
          return waits <= 3
        },
      },
    })

    const { out, err } = await run(['status', '--watch', '--json', '--url', url], composition)

    expect(out.trim().split('\n')).toHaveLength(2)
    expect(err.match(/error:/gu)).toHaveLength(1)
  })
})
