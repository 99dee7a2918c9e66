import { z } from 'zod'
import type { HttpRequest } from './net.ts'
import { duration } from './option-types.ts'
import { signOptions, signUrl, type Signing } from './signed-url.ts'

/** Options that every probe over HTTP has, beside its `url`. */
export const httpOptions = {
  headers: z
    .record(z.string().min(1).max(128), z.string().max(8_192))
    .default({})
    .describe('Headers sent to the host of the URL, and to no other.'),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe(
      'Connect to this IP address instead of what DNS says, to watch one edge of a CDN. Host and TLS server name stay those of the URL.',
    ),
  ip: z
    .literal(['any', 4, 6])
    .default('any')
    .describe('Whether names are looked up as IPv4, as IPv6 or as either.'),
  http: z
    .literal([1, 2])
    .default(1)
    .describe(
      'HTTP/1.1, or HTTP/2 where the server offers it over TLS and HTTP/1.1 where it does not.',
    ),
  sign: signOptions
    .optional()
    .describe('Signs URLs as the CDN asks for, with a secret that both know.'),
  timeout: duration('200ms', '30s').default(4_000),
  user_agent: z
    .string()
    .min(1)
    .max(256)
    .default('changeover')
    .describe('The User-Agent header of every request.'),
}

/** The options of `httpOptions` that say how requests are made, read, with the URL. */
export interface HttpTargetOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly address?: string | undefined
  readonly ip: 'any' | 4 | 6
  readonly http: 1 | 2
  readonly sign?: Signing | undefined
  readonly user_agent: string
}

/** What `HttpTarget` decides of a request. */
export type Aimed = Pick<HttpRequest, 'url' | 'headers' | 'address' | 'family' | 'http2'>

/**
 * How requests of one configured URL are made. Headers may hold tokens, and an address is that of
 * one name: they, and signatures, are for the host of the configured URL alone.
 */
export class HttpTarget {
  readonly #options: HttpTargetOptions
  readonly #host: string | undefined
  readonly #shared: Pick<Aimed, 'family' | 'http2'>

  constructor(options: HttpTargetOptions) {
    this.#options = options
    this.#host = URL.parse(options.url)?.host
    this.#shared = {
      ...(options.ip !== 'any' && { family: options.ip }),
      ...(options.http === 2 && { http2: true }),
    }
  }

  /** A request for `url`, which may be any that the configured one led to, at wall time `wall`. */
  aim(url: string, wall: number): Aimed {
    const { headers, user_agent: agent, address } = this.#options
    if (URL.parse(url)?.host !== this.#host) {
      return { url, headers: { 'user-agent': agent }, ...this.#shared }
    }
    return {
      url: this.#signed(url, wall),
      headers: { 'user-agent': agent, ...headers },
      ...this.#shared,
      ...(address !== undefined && { address }),
    }
  }

  #signed(url: string, wall: number): string {
    const { sign, url: own } = this.#options
    if (sign === undefined || (sign.requests === 'url' && url !== own)) return url
    return signUrl(url, sign, wall)
  }
}
