import { describe, expect, test } from 'vitest'
import email from '../../src/notifiers/email.ts'
import { explainMailFault } from '../../src/notifiers/email/mail-fault.ts'
import { fullNotice, noticesAtTheEdges } from '../contract/notifier-contract.ts'
import { startSmtp, type SmtpAnswers } from '../fakes/smtp-server.ts'
import { makeCertificate } from '../net/servers.ts'
import { notifierContext } from './context.ts'

const password = 'hunter2-of-the-mail-server'
const people = { from: 'changeover@ops.example', to: ['ada@ops.example', 'bob@ops.example'] }

function local(port: number) {
  return email.options.parse({ host: '127.0.0.1', port, security: 'none', ...people })
}

describe('a mail', () => {
  const context = notifierContext()

  async function mailed(...changes: readonly Parameters<typeof fullNotice>[0][]) {
    const server = await startSmtp()
    for (const change of changes) {
      expect(await email.send(local(server.port), fullNotice(change), context())).toEqual({
        ok: true,
      })
    }
    await server.close()
    // Quoted-printable lines and folded headers are joined again.
    return server.mails.map((mail) => mail.replaceAll('=\r\n', '').replaceAll('\r\n ', ' '))
  }

  test('says everything that a person needs at night, in text and in HTML', async () => {
    const [mail = ''] = await mailed({
      viewers: 'Players stall.',
      trend: 'missing_ratio 0 ▁▂█ 0.9',
    })

    expect(mail).toContain('From: Changeover <changeover@ops.example>')
    expect(mail).toContain('To: ada@ops.example, bob@ops.example')
    expect(mail).toContain(
      'Subject: CRITICAL: channel-1/cdn: cdn-a is down: no new segment for 12.5s',
    )
    expect(mail).toContain('Importance: high')
    expect(mail).toContain('Auto-Submitted: auto-generated')
    expect(mail).toContain('Viewers: Players stall.')
    expect(mail).toContain('Next: Check the encoder.')
    expect(mail).toContain('Runbook: https://wiki.example/stalled')
    expect(mail).toContain('Content-Type: text/html')
    // Bars in UTF-8, in both parts.
    expect(mail.split('missing_ratio 0 =E2=96=81=E2=96=82=E2=96=88 0.9')).toHaveLength(3)
  })

  test('of one incident answers one identity, from beginning to end, and each has its own', async () => {
    const mails = await mailed(
      { id: 'a' },
      { id: 'b', action: 'acknowledge' },
      { id: 'c', action: 'resolve' },
      { id: 'd', key: 'channel-1/cdn/cdn-b' },
    )

    const of = (name: string) =>
      mails.map((mail) => new RegExp(`^${name}: (<.*>)`, 'mu').exec(mail)?.[1])
    const [first, , , other] = of('In-Reply-To')
    expect(of('In-Reply-To')).toEqual([first, first, first, other])
    expect(other).not.toBe(first)
    expect(of('References')).toEqual(of('In-Reply-To'))
    expect(new Set(of('Message-ID')).size).toBe(4)
  })

  test('that is sent again has the identity that it had', async () => {
    const mails = await mailed({}, {})

    const identities = mails.map((mail) => /^Message-ID: (.*)$/mu.exec(mail)?.[1])
    expect(identities[0]).toBe(identities[1])
  })

  test.for(noticesAtTheEdges)('is taken with a notice %s', async ([, change]) => {
    expect(await mailed(change)).toHaveLength(1)
  })

  test('shows markup as text, and a title adds no header', async () => {
    const [mail = ''] = await mailed({
      title: 'x\r\nBcc: eve@evil.example',
      did: '<script>a</script>',
    })

    expect(mail).not.toMatch(/^Bcc:/mu)
    expect(mail).toContain('&lt;script&gt;')
  })
})

describe('a mail that is not taken', () => {
  const context = notifierContext()

  test.for<[string, SmtpAnswers, boolean, string]>([
    ['the server is full', { MAIL: '452 4.3.1 full' }, true, 'answered 452 to MAIL FROM'],
    ['the recipient is unknown', { RCPT: '550 5.1.1 nobody' }, false, 'answered 550 to RCPT TO'],
    ['the recipient is to wait', { RCPT: '450 4.2.0 greylisted' }, true, 'answered 450 to RCPT TO'],
    ['the mail is refused', { '.': '554 5.7.1 spam' }, false, 'answered 554 to DATA'],
    ['the server closes', { greeting: '421 4.3.2 closing' }, true, 'answered 421'],
  ])('because %s', async ([, answers, retry, says]) => {
    const server = await startSmtp(answers)

    const delivery = await email.send(local(server.port), fullNotice(), context())

    await server.close()
    expect(delivery).toMatchObject({ ok: false, retry, says: expect.stringContaining(says) })
  })

  test('because nobody listens is tried again', async () => {
    const server = await startSmtp()
    await server.close()

    const delivery = await email.send(local(server.port), fullNotice(), context())

    expect(delivery).toMatchObject({ ok: false, retry: true })
  })

  test('because the server offers no encryption stays untaken: the password is not said', async () => {
    const server = await startSmtp()
    const options = { host: '127.0.0.1', port: server.port, user: 'ops', password, ...people }

    const delivery = await email.send(email.options.parse(options), fullNotice(), context())

    await server.close()
    expect(delivery).toMatchObject({ ok: false, retry: false })
    expect(server.mails).toEqual([])
    expect(JSON.stringify(delivery)).not.toContain(password)
  })

  test.for([
    [
      { code: 'EAUTH', responseCode: 535, message: `bad ${password}` },
      false,
      'refuses the login (535)',
    ],
    [{ code: 'EAUTH', responseCode: 454 }, true, 'refuses the login (454)'],
    [{ code: 'ETLS', message: 'no STARTTLS' }, false, 'offers no encryption'],
    [{ code: 'ETLS', command: 'STARTTLS', responseCode: 503 }, false, 'offers no encryption'],
    [{ code: 'ETLS', command: 'STARTTLS', responseCode: 454 }, true, 'answered 454 to STARTTLS'],
    [{ code: 'ESOCKET', message: 'self-signed certificate' }, false, 'is not trusted'],
    [{ code: 'ETIMEDOUT', message: 'Greeting never received' }, true, 'did not answer in time'],
    [{ code: 'EDNS', message: 'queryA' }, true, 'cannot be resolved'],
    [undefined, true, 'broke'],
  ] as const)('%o: retries %s', ([error, retry, says]) => {
    const fault = explainMailFault(error, 'mail.example:587')

    expect(fault).toMatchObject({ retry, says: expect.stringContaining(says) })
    expect(fault.says).not.toContain(password)
  })
})

describe('a mail under TLS', () => {
  const context = notifierContext()
  const certificate = makeCertificate('localhost', 1)

  function options(port: number, change: object = {}) {
    const login = { host: 'localhost', port, security: 'tls', user: 'ops', password }
    return email.options.parse({ ...login, ca: certificate.cert, ...people, ...change })
  }

  test('is sent after a login, and a check logs in and mails nothing', async () => {
    const server = await startSmtp({}, certificate)

    const checked = await email.check?.(options(server.port), context())
    const before = server.mails.length
    const delivery = await email.send(options(server.port), fullNotice(), context())

    await server.close()
    expect(checked).toEqual({
      result: 'good',
      says: `localhost:${server.port} lets us in with this login`,
    })
    expect(before).toBe(0)
    expect(delivery).toEqual({ ok: true })
    expect(server.logins).toEqual([`\0ops\0${password}`, `\0ops\0${password}`])
  })

  test('is not sent where the login is wrong, which a check finds before the first page does', async () => {
    const server = await startSmtp({ AUTH: `535 5.7.8 ${password} is wrong` }, certificate)

    const checked = await email.check?.(options(server.port), context())
    const delivery = await email.send(options(server.port), fullNotice(), context())

    await server.close()
    const says = `localhost:${server.port} refuses the login (535)`
    expect(checked).toEqual({ result: 'bad', says })
    expect(delivery).toEqual({ ok: false, retry: false, says })
  })

  test('is not sent to a server whose certificate nobody vouches for', async () => {
    const server = await startSmtp({}, certificate)
    const { ca: _, ...untrusting } = options(server.port)

    const delivery = await email.send(untrusting, fullNotice(), context())

    await server.close()
    expect(delivery).toMatchObject({
      retry: false,
      says: expect.stringContaining('is not trusted'),
    })
    expect(server.logins).toEqual([])
  })
})

describe('the options of email', () => {
  test('encrypt unless told otherwise', () => {
    expect(email.options.parse({ host: 'mail.example', ...people })).toMatchObject({
      port: 587,
      security: 'starttls',
    })
  })

  test.for([
    ['a password without a user', { password }],
    ['a password without encryption', { user: 'ops', password, security: 'none' }],
    ['nobody to write to', { to: [] }],
    ['what is no address', { to: [`${password} x`] }],
    ['an unknown key', { passwort: password }],
  ])('do not take %s, and the message does not repeat it', ([, change]) => {
    const parsed = email.options.safeParse({
      host: 'mail.example',
      ...people,
      ...(change as object),
    })

    expect(parsed.success).toBe(false)
    expect(parsed.error?.message).not.toContain(password)
  })
})
