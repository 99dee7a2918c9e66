import { z } from 'zod'
import type { ActuatorContext } from '../../plugin/actuator.ts'
import type { HttpAnswer, HttpRequest, HttpResult, NetFailure } from '../../plugin/net.ts'
import { readKubeconfig, type Material } from './kubeconfig.ts'

/** Where the API server is, and who asks. */
export interface ApiServerOptions {
  readonly url: string
  readonly token_file: string
  readonly ca_file: string
  /** Says all three, and is read at each call. */
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

const statusBody = z.object({ message: z.string() })

const MOST_BYTES = 4 * 1_048_576

/** More than any kubeconfig, token or certificate has. */
const MOST_CONFIG_BYTES = 1_048_576

/** Nothing was asked: the fault lies on our own side. */
export interface Unasked {
  readonly ok: false
  readonly phase: 'config'
  readonly says: string
}

type Access = Pick<HttpRequest, 'ca' | 'client' | 'files' | 'headers'> & { readonly url: string }

/** Asks an API server of Kubernetes. Whatever proves who asks is read anew at each call, as it is replaced while we run. */
export class ApiServer {
  readonly #options: ApiServerOptions
  readonly #context: ActuatorContext

  constructor(options: ApiServerOptions, context: ActuatorContext) {
    this.#options = options
    this.#context = context
  }

  /** Asks until `until` (monotonic milliseconds); `path` begins with a slash. */
  async call(
    method: 'GET' | 'PUT',
    path: string,
    until: number,
    signal: AbortSignal,
    body?: string,
  ): Promise<HttpResult | Unasked> {
    const access = await this.#access()
    if ('says' in access) return { ok: false, phase: 'config', says: access.says }
    const { url, headers, ...proof } = access
    return await this.#context.net.http({
      ...proof,
      url: `${url.replace(/\/+$/u, '')}${path}`,
      method,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      deadlineMs: Math.max(1, until - this.#context.clock.now()),
      maxBytes: MOST_BYTES,
      maxRedirects: 0,
      signal,
    })
  }

  async #access(): Promise<Access | { readonly says: string }> {
    const { url, token_file: bearer, ca_file: ca, kubeconfig } = this.#options
    if (kubeconfig !== undefined) return await this.#configured(kubeconfig)
    return { url, files: { ...(bearer !== '' && { bearer }), ...(ca !== '' && { ca }) } }
  }

  async #configured(path: string): Promise<Access | { readonly says: string }> {
    const config = await this.#text({ file: path }, 'the kubeconfig')
    if (typeof config !== 'string') return config
    const entry = readKubeconfig(path, config, this.#options.context)
    if ('says' in entry) return entry
    const { server: url, ca, certificate, token } = entry
    const authority = ca && (await this.#text(ca, 'the authority'))
    if (typeof authority === 'object') return authority
    // "TokenFile" and client certificates may both be given: the API server looks at either.
    const bearer = token && (await this.#text(token, 'the token'))
    if (typeof bearer === 'object') return bearer
    const cert = certificate && (await this.#text(certificate.cert, 'the client certificate'))
    if (typeof cert === 'object') return cert
    const key = certificate && (await this.#text(certificate.key, 'the client key'))
    if (typeof key === 'object') return key
    return {
      url,
      ...(authority !== undefined && { ca: authority }),
      ...(bearer !== undefined && { headers: { authorization: `Bearer ${bearer.trim()}` } }),
      ...(cert !== undefined && key !== undefined && { client: { cert, key } }),
    }
  }

  async #text(material: Material, what: string): Promise<string | { readonly says: string }> {
    if ('text' in material) return material.text
    const { files } = this.#context
    if (files === undefined) return { says: `${what} cannot be read: there are no files here` }
    const read = await files.read(material.file, MOST_CONFIG_BYTES)
    if (!read.ok) return { says: `${what}: ${read.says}` }
    return read.text.trim() === '' ? { says: `${what} in ${material.file} is empty` } : read.text
  }
}

/** Whether a request that got no answer may have reached the API server. */
export function wasSent({ phase }: NetFailure | Unasked): boolean {
  return !['config', 'dns', 'connect', 'tls'].includes(phase)
}

/** Whether asking again may help where nothing was answered. */
export function mayRetry(failure: NetFailure | Unasked): boolean {
  return failure.phase !== 'config'
}

/** What the API server says of a refusal, with its status. */
export function explain({ status, body }: Pick<HttpAnswer, 'status' | 'body'>): string {
  const parsed = statusBody.safeParse(jsonOf(body))
  const reason = parsed.success ? `: ${parsed.data.message.slice(0, 300)}` : ''
  return `the API server answered ${status}${reason}`
}

/** JSON, or `undefined` for what is none. */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
