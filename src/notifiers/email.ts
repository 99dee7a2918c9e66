import { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import { cut, factsOf, headlineOf, keyDigest, linksOf } from '../plugin/notice-text.ts'
import type { Checked, Delivery, NotifierContext, NotifierPlugin } from '../plugin/notifier.ts'
import { explainMailFault } from './email/mail-fault.ts'
import { htmlOf, textOf } from './email/mail-text.ts'

const SUBJECT_LENGTH = 200
const FACT_LENGTH = 2_000

const address = z.email({ error: 'expected an e-mail address' }).max(254)

const options = z
  .strictObject({
    host: z.string().min(1).max(253).describe('The mail server that takes our mail.'),
    port: z.int().min(1).max(65_535).default(587).describe('Its port.'),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe(
        '`starttls`: encrypted before anything is said, or not at all. `tls`: from the first byte, mostly port 465. `none`: for a server on this machine; without a login.',
      ),
    user: z.string().min(1).max(254).optional().describe('The login, where the server wants one.'),
    password: z.string().min(1).max(512).optional().describe('Its password; a secret.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Certificates in PEM that are trusted in place of the usual ones, such as `${file:…}`.',
      ),
    from: address.describe('The sender.'),
    to: z.array(address).min(1).max(50).describe('Who gets every notice.'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'expected user and password, or neither',
  })
  .refine(({ security, user }) => security !== 'none' || user === undefined, {
    path: ['security'],
    message: 'expected starttls or tls: a password is never sent without encryption',
  })
  .describe('E-mail, by SMTP. Needs the package `nodemailer`.')

type Options = z.output<typeof options>

/**
 * Mails notices as text and HTML. Every mail of one incident answers the same message identity, so
 * that mail programs show them as one conversation (RFC 5322, section 3.6.4). A notice that is sent
 * again has the identity that it had, by which servers and programs drop the second.
 */
const email: NotifierPlugin<typeof options> = {
  type: 'email',
  summary: 'Mails notices by SMTP, as text and HTML, one conversation for each incident.',
  tested: 'real',
  tellsSeveral: true,
  options,
  async send(given, notice, context): Promise<Delivery> {
    const fault = await withTransport(given, context, (transport) =>
      transport.sendMail(mailOf(notice, given)),
    )
    if (fault === undefined) return { ok: true }
    return { ok: false, retry: fault.retry, says: fault.says }
  },
  async check(given, context): Promise<Checked> {
    const fault = await withTransport(given, context, (transport) => transport.verify())
    if (fault !== undefined) return { result: 'bad', says: fault.says }
    const login = given.user === undefined ? 'without a login' : 'with this login'
    return { result: 'good', says: `${given.host}:${given.port} lets us in ${login}` }
  },
}
export default email

type Transport = Awaited<ReturnType<typeof openTransport>>

/** Works with a connection of its own and says what went wrong; `undefined` where nothing did. */
async function withTransport(
  given: Options,
  { callTimeoutMs }: NotifierContext,
  work: (transport: Transport) => Promise<unknown>,
): Promise<{ readonly retry: boolean; readonly says: string } | undefined> {
  let transport: Transport
  try {
    transport = await openTransport(given, callTimeoutMs)
  } catch {
    const says = 'e-mail needs a package that is not there: npm install nodemailer'
    return { retry: false, says }
  }
  try {
    await work(transport)
    return undefined
  } catch (error) {
    return explainMailFault(error, `${given.host}:${given.port}`)
  } finally {
    transport.close()
  }
}

/** The package is loaded on first use: who mails nothing need not install it. */
async function openTransport(given: Options, timeoutMs: number) {
  const { createTransport } = await import('nodemailer')
  const { host, port, security, user, password, ca } = given
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // Mail is made of our own text alone.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

function mailOf(notice: Notice, { from, to }: Options) {
  const domain = from.slice(from.lastIndexOf('@') + 1)
  const incident = `<incident-${keyDigest(`${notice.key} ${notice.since}`).slice(0, 40)}@${domain}>`
  const headline = oneLine(cut(headlineOf(notice), SUBJECT_LENGTH))
  const facts = factsOf(notice, FACT_LENGTH)
  const links = linksOf(notice)
  return {
    from: { name: 'Changeover', address: from },
    to: [...to],
    subject: headline,
    messageId: `<notice-${keyDigest(notice.id).slice(0, 40)}@${domain}>`,
    inReplyTo: incident,
    references: incident,
    date: new Date(notice.wall),
    headers: {
      // RFC 3834: holiday notices and the like do not answer a machine.
      'auto-submitted': 'auto-generated',
      'x-changeover-incident': oneLine(cut(notice.key, SUBJECT_LENGTH)),
      ...(notice.severity === 'critical' && notice.action === 'trigger' && { importance: 'high' }),
    },
    text: textOf(headline, facts, links),
    html: htmlOf(headline, facts, links),
  }
}

/** Header lines have no breaks. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}
