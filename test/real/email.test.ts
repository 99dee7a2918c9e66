import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import email from '../../src/notifiers/email.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { fullNotice } from '../contract/notifier-contract.ts'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

const binary = installed('/usr/sbin/smtpd')
/** It changes to users of its own, which only root may, and there is one of it on a machine. */
const isAble = binary !== undefined && process.getuid?.() === 0 && !existsSync('/run/smtpd.sock')
const nobody = 65_534

describe.skipIf(!isAble)(
  'a real OpenSMTPD (skipped where it is missing, or we are not root)',
  () => {
    const net = createNet({ clock: realClock() })
    const folder = mkdtempSync(join(tmpdir(), 'changeover-smtpd-'))
    const context = { clock: realClock(), net, callTimeoutMs: 5_000 }
    let child: ReturnType<typeof startChild> | undefined
    let port = 0

    beforeAll(async () => {
      port = await freePort()
      const mails = join(folder, 'mail')
      mkdirSync(mails)
      chownSync(folder, nobody, nobody)
      chownSync(mails, nobody, nobody)
      const config = join(folder, 'smtpd.conf')
      writeFileSync(
        config,
        [
          `listen on 127.0.0.1 port ${port}`,
          `action keep maildir "${mails}" virtual { "@" = nobody }`,
          'match from any for domain "ops.example" action keep',
          '',
        ].join('\n'),
        { mode: 0o600 },
      )
      child = startChild(binary ?? '', ['-d', '-f', config], folder)
      await eventually(
        () => `smtpd: ${child?.errors()}`,
        () => isListening(port),
      )
    })

    afterAll(async () => {
      // Its own processes end with it when it is asked to.
      child?.signal('SIGTERM')
      await eventually(
        () => 'smtpd does not end',
        () => Promise.resolve(child?.isRunning() !== true),
      )
      await net.close()
      rmSync(folder, { recursive: true, force: true })
    })

    function options(to: string) {
      const people = { from: 'changeover@ops.example', to: [to] }
      return email.options.parse({ host: '127.0.0.1', port, security: 'none', ...people })
    }

    function mails(): readonly string[] {
      const place = join(folder, 'mail', 'new')
      if (!existsSync(place)) return []
      return readdirSync(place).map((name) => readFileSync(join(place, name), 'utf8'))
    }

    test('delivers the beginning and the end of an incident as one conversation', async () => {
      for (const action of ['trigger', 'resolve'] as const) {
        const notice = fullNotice({ action, id: action, viewers: 'Players stall — all of them.' })
        expect(await email.send(options('ada@ops.example'), notice, context)).toEqual({ ok: true })
      }

      await eventually(
        () => 'no mail came',
        () => Promise.resolve(mails().length === 2),
      )
      const answers = mails().map((mail) => /^In-Reply-To:\s+(\S+)/mu.exec(mail)?.[1])
      expect(new Set(answers).size).toBe(1)
      expect(answers[0]).toMatch(/^<incident-[0-9a-f]{40}@ops\.example>$/u)
    })

    test('refuses a recipient that is not its own, and that is not tried again', async () => {
      const delivery = await email.send(options('ada@elsewhere.example'), fullNotice(), context)

      expect(delivery).toMatchObject({
        ok: false,
        retry: false,
        says: `127.0.0.1:${port} answered 550 to RCPT TO`,
      })
    })

    test('gets no mail in the clear where encryption is wanted and it offers none', async () => {
      const before = mails().length
      const { security: _none, ...given } = options('ada@ops.example')

      const delivery = await email.send(email.options.parse(given), fullNotice(), context)

      expect(delivery).toEqual({
        ok: false,
        retry: false,
        says: `127.0.0.1:${port} offers no encryption (STARTTLS)`,
      })
      expect(mails().length).toBe(before)
    })

    test('lets itself be asked without a mail', async () => {
      const before = mails().length

      expect(await email.check?.(options('ada@ops.example'), context)).toMatchObject({
        result: 'good',
      })
      expect(mails().length).toBe(before)
    })
  },
)

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
