import { createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import { duration } from './option-types.ts'

const digests = ['hmac-sha256', 'hmac-sha1', 'hmac-md5', 'sha256', 'sha1', 'md5'] as const
const encodings = ['hex', 'base64url', 'base64'] as const
const placeholder = /\{(\w+)\}/gu

const common = ['start', 'expires', 'expires_hex', 'path', 'folder', 'host'] as const
const queryNames: readonly string[] = ['signature', ...common]
const textNames: readonly string[] = ['key', ...common]

/** How the URLs of a CDN are signed, as options of a probe. */
export const signOptions = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(1_024)
    .refine(
      (text) => knows(text, queryNames) && text.includes('{signature}'),
      `expected a query that contains {signature} and no other than ${queryNames.map((name) => `{${name}}`).join(', ')}`,
    )
    .describe(
      'What is added to the query, such as `expires={expires}&token={signature}`. It may contain `{signature}`, `{start}`, `{expires}`, `{expires_hex}`, `{path}`, `{folder}` (the path up to its last slash) and `{host}`.',
    ),
  text: z
    .string()
    .min(1)
    .max(1_024)
    .refine(
      (text) => knows(text, textNames),
      `expected no other than ${textNames.map((name) => `{${name}}`).join(', ')}`,
    )
    .describe(
      'What the signature is made of, such as `{path}{expires}`: `{path}`, `{folder}` (the path up to its last slash), `{host}`, `{start}`, `{expires}`, `{expires_hex}` and, for a digest without HMAC, `{key}`.',
    ),
  key: z
    .string()
    .min(1)
    .max(4_096)
    .describe('The shared secret, as `${file:/run/secrets/cdn-key}` or `${CDN_KEY}`.'),
  key_encoding: z
    .enum(['text', 'hex', 'base64'])
    .default('text')
    .describe('How the bytes of the key are written.'),
  digest: z.enum(digests).default('hmac-sha256').describe('How the text becomes the signature.'),
  encoding: z.enum(encodings).default('hex').describe('How the signature is written.'),
  valid_for: duration('10s', '24h')
    .default(300_000)
    .describe('How long a signature is valid; a new one is made when half of it is over.'),
  requests: z
    .enum(['url', 'host'])
    .default('url')
    .describe('Whether the URL alone is signed, or everything that its host is asked for.'),
})

/** How URLs are signed, read. */
export type Signing = z.output<typeof signOptions>

/**
 * The URL with a fresh signature in its query; `wall` is milliseconds since the epoch. Stays the
 * same for half the time that a signature is valid, so that caches keyed by the whole URL still hit.
 */
export function signUrl(url: string, signing: Signing, wall: number): string {
  const parsed = URL.parse(url)
  if (parsed === null) return url
  const validSeconds = signing.valid_for / 1_000
  const step = Math.max(1, Math.floor(validSeconds / 2))
  const start = Math.floor(wall / 1_000 / step) * step
  const expires = start + Math.ceil(validSeconds)
  const values: Record<string, string> = {
    start: String(start),
    expires: String(expires),
    expires_hex: expires.toString(16),
    path: parsed.pathname,
    folder: parsed.pathname.slice(0, parsed.pathname.lastIndexOf('/') + 1),
    host: parsed.host,
  }
  const signature = digest(fill(signing.text, { ...values, key: signing.key }), signing)
  const added = fill(signing.query, { ...values, signature: encodeURIComponent(signature) })
  const query = parsed.search === '' ? `?${added}` : `${parsed.search}&${added}`
  return `${url.split(/[?#]/u, 1)[0]}${query}`
}

function digest(
  text: string,
  { key, key_encoding: form, digest: name, encoding }: Signing,
): string {
  const hmac = /^hmac-(.*)$/u.exec(name)?.[1]
  const secret = Buffer.from(key, form === 'text' ? 'utf8' : form)
  const hash = hmac === undefined ? createHash(name) : createHmac(hmac, secret)
  return hash.update(text).digest(encoding)
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(placeholder, (whole, name: string) => values[name] ?? whole)
}

function knows(template: string, names: readonly string[]): boolean {
  return Array.from(template.matchAll(placeholder)).every(([, name]) => names.includes(name ?? ''))
}
