import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { vi } from 'vitest'
import type { Net } from '../../src/plugin/net.ts'
import type { TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'
import { awsKey, signatureFault } from './aws-signature.ts'

/** A request with a right signature. */
export interface AwsRequest {
  readonly method: string
  readonly url: URL
  readonly body: string
}

export interface AwsReply {
  readonly status?: number
  readonly type?: string
  readonly body: string
  /** Whether something was changed: a deaf server never answers that. */
  readonly wrote?: boolean
}

/** Credentials for the SDK as it finds them first, and nowhere else to look. */
export function stubAwsCredentials(): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', awsKey.id)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', awsKey.secret)
  vi.stubEnv('AWS_SESSION_TOKEN', undefined)
  vi.stubEnv('AWS_PROFILE', undefined)
  vi.stubEnv('AWS_REGION', undefined)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
}

/**
 * A service of AWS on loopback: it refuses what is not signed rightly, and remembers every request
 * that `answer` found wrong in `violations`, which a test asserts to be empty.
 */
export async function startAwsServer(
  {
    service,
    region,
    isWrite = ({ method }) => method !== 'GET',
  }: {
    readonly service: string
    readonly region: string
    readonly isWrite?: (request: AwsRequest) => boolean
  },
  answer: (request: AwsRequest, refuse: (says: string) => AwsReply) => AwsReply,
) {
  const violations: string[] = []
  const requests: AwsRequest[] = []
  const scripted: AwsReply[] = []
  const scriptedWrites: AwsReply[] = []
  let fault: TargetFault | undefined
  const server = await serveHttp((request, response) => {
    if (fault !== 'silent') void reply(request, response)
  })
  const refuse = (says: string): AwsReply => {
    violations.push(says)
    return {
      status: 400,
      body: `<Error><Code>TestRefused</Code><Message>${says}</Message></Error>`,
    }
  }

  async function reply(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming)
    const wrong = signatureFault(incoming, body, service, region)
    const request = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '/', server.url),
      body,
    }
    requests.push(request)
    const script = scripted.length === 0 && isWrite(request) ? scriptedWrites : scripted
    const given = wrong === undefined ? (script.shift() ?? answer(request, refuse)) : refuse(wrong)
    if (fault === 'deaf' && given.wrote === true) return
    response
      .writeHead(given.status ?? 200, { 'content-type': given.type ?? 'text/xml' })
      .end(given.body)
  }

  return {
    url: server.url,
    violations,
    requests,
    /** The next writes are answered so. */
    scriptWrite: (...replies: readonly AwsReply[]) => void scriptedWrites.push(...replies),
    /** The next requests are answered so, whatever they are. */
    script: (...replies: readonly AwsReply[]) => void scripted.push(...replies),
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') await server.close()
    },
    async close() {
      if (fault !== 'refuse') await server.close()
    },
  }
}

/** A network that reaches `url` alone: whatever asks elsewhere fails the test. */
export function onlyTo(url: string, net: Net): Net {
  return {
    ...net,
    http: (request) => {
      if (!request.url.startsWith(`${url}/`)) throw new Error(`asked ${request.url}`)
      return net.http(request)
    },
  }
}
