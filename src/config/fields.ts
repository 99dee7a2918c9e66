import { z } from 'zod'

const nameRule =
  'a name is 1 to 63 lower-case letters, digits and hyphens, and begins with a letter or digit'

/** A name of a stream, group, path, vantage or route. It becomes a label and a part of URLs. */
export function name() {
  return z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, nameRule)
}

/** A whole number from `min` to `max`, both included. */
export function whole(min: number, max: number) {
  return z.int().min(min).max(max)
}

/** A part of a whole, from 0 to 1. */
export function fraction() {
  return z.number().min(0).max(1)
}

/** An address to listen on: a host name, IPv4 or bracketed IPv6 address and a port. */
export function listenAddress() {
  const expected = 'expected host:port, such as 127.0.0.1:8642 or [::1]:8642'
  return z.string().transform((text, context) => {
    const match = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9][a-z0-9.-]{0,252}):(\d{1,5})$/iu.exec(text)
    const port = Number(match?.[2])
    if (match?.[1] !== undefined && port <= 65_535) {
      return { host: match[1].replace(/^\[|\]$/gu, ''), port }
    }
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}

/** An `http` or `https` URL without credentials, as people and machines may see it. */
export function plainUrl() {
  const expected = 'expected an absolute http or https URL without user and password'
  return z.string().refine((text) => {
    const url = URL.parse(text)
    return url !== null && /^https?:$/u.test(url.protocol) && url.username + url.password === ''
  }, expected)
}

/** Something that a vantage looks at to learn whether it can see at all. */
export function referenceTarget() {
  const expected =
    'expected an http or https URL or dns:<server address>, such as https://example.org/ or dns:9.9.9.9'
  return z.string().refine((text) => {
    if (text.startsWith('dns:')) return /^dns:(?:[0-9a-z.-]{1,253}|[0-9a-f:.]{2,45})$/iu.test(text)
    return /^https?:$/u.test(URL.parse(text)?.protocol ?? '')
  }, expected)
}
