/** Why a mail was not taken. `says` holds nothing that the server said but its numbers: it may repeat a login. */
export interface MailFault {
  readonly retry: boolean
  readonly says: string
}

/** What nodemailer's errors carry beside their message. */
interface Thrown {
  readonly code?: unknown
  readonly command?: unknown
  readonly responseCode?: unknown
  readonly message?: unknown
}

/**
 * What an error of sending means: 4xx answers may pass and 5xx do not (RFC 5321, section 4.2.1); a
 * refused login, a missing STARTTLS and a certificate that is not trusted stay as they are until a
 * person changes something. Everything of the network may pass. `server` names it for people.
 */
export function explainMailFault(error: unknown, server: string): MailFault {
  const { code, command, responseCode, message } = (error ?? {}) as Thrown
  const status = typeof responseCode === 'number' ? responseCode : undefined
  const passes = status === undefined || status < 500
  if (code === 'EAUTH') {
    const answer = status === undefined ? '' : ` (${status})`
    return { retry: status !== undefined && passes, says: `${server} refuses the login${answer}` }
  }
  // Asked for encryption, a server that has none answers 502 or 503 (RFC 3207, section 4.1: 454 passes).
  if (command === 'STARTTLS' && !passes) {
    return { retry: false, says: `${server} offers no encryption (STARTTLS)` }
  }
  if (status !== undefined) {
    const to =
      typeof command === 'string' && /^[A-Z ]{2,20}$/u.test(command) ? ` to ${command}` : ''
    return { retry: passes, says: `${server} answered ${status}${to}` }
  }
  if (typeof message === 'string' && /certificate|altname/iu.test(message)) {
    return {
      retry: false,
      says: `the certificate of ${server} is not trusted, or is for another name`,
    }
  }
  if (code === 'ETLS') return { retry: false, says: `${server} offers no encryption (STARTTLS)` }
  if (code === 'EDNS' || code === 'ENOTFOUND') {
    return { retry: true, says: `${server} cannot be resolved` }
  }
  if (code === 'ETIMEDOUT') return { retry: true, says: `${server} did not answer in time` }
  if (typeof message === 'string' && /ECONNREFUSED/u.test(message)) {
    return { retry: true, says: `connection refused by ${server}` }
  }
  return { retry: true, says: `the connection to ${server} broke` }
}
