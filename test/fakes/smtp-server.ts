import type { Socket } from 'node:net'
import { serveTcp, serveTls, type Certificate } from '../net/servers.ts'

/** What the server answers in place of the usual, by the command that it is told. */
export type SmtpAnswers = Readonly<Record<string, string>>

/**
 * As much of a mail server as a client meets, by RFC 5321 and RFC 4954: greeting, EHLO, AUTH, MAIL,
 * RCPT, DATA, QUIT. It keeps every mail as it came over the wire.
 */
export async function startSmtp(answers: SmtpAnswers = {}, certificate?: Certificate) {
  const mails: string[] = []
  const logins: string[] = []
  const usual: SmtpAnswers = {
    greeting: '220 mail.test ESMTP',
    EHLO: '250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME',
    AUTH: '235 2.7.0 welcome',
    MAIL: '250 ok',
    RCPT: '250 ok',
    DATA: '354 go on',
    '.': '250 2.0.0 queued',
    RSET: '250 ok',
    QUIT: '221 bye',
    ...answers,
  }
  const talk = (socket: Socket) => {
    let waiting = ''
    let isMail = false
    socket.write(`${usual['greeting']}\r\n`)
    socket.on('data', (chunk: Buffer) => {
      waiting += chunk.toString()
      for (;;) {
        const end = isMail ? waiting.indexOf('\r\n.\r\n') : waiting.indexOf('\r\n')
        if (end < 0) return
        const text = waiting.slice(0, end)
        waiting = waiting.slice(end + (isMail ? 5 : 2))
        const word = isMail ? '.' : (text.split(/[ :]/u)[0] ?? '').toUpperCase()
        if (word === 'AUTH') logins.push(Buffer.from(text.split(' ')[2] ?? '', 'base64').toString())
        const answer = usual[word] ?? '502 what'
        if (isMail && answer.startsWith('250')) mails.push(text)
        isMail = word === 'DATA' && answer.startsWith('354')
        socket.write(`${answer}\r\n`)
        if (word === 'QUIT') socket.end()
      }
    })
  }
  const server =
    certificate === undefined ? await serveTcp(talk) : await serveTls(talk, certificate)
  return { port: server.port, mails, logins, close: () => server.close() }
}
