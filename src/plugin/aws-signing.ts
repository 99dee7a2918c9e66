import { createHash, createHmac } from 'node:crypto'

/** Credentials as the SDK's chain finds them. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

interface Unsigned {
  readonly method: string
  /** Absolute; its path is encoded as it goes over the wire. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty where there is none. */
  readonly body: string
}

/**
 * The headers that sign a request at wall time `wall` (milliseconds): Signature Version 4, "Create a
 * signed AWS API request" (AWS Identity and Access Management user guide). For services of which the
 * SDK client is not worth its size.
 */
export function signatureHeaders(
  { method, url, headers, body }: Unsigned,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  {
    service,
    region,
    wall,
  }: { readonly service: string; readonly region: string; readonly wall: number },
): Readonly<Record<string, string>> {
  const { host, pathname, searchParams } = new URL(url)
  const at = new Date(wall).toISOString().replaceAll(/[:-]|\.\d{3}/gu, '')
  const day = at.slice(0, 8)
  const added = {
    'x-amz-date': at,
    'x-amz-content-sha256': sha256(body),
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const signed = Object.entries({ ...headers, ...added, host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/gu, ' ')] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const query = [...searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
  // Every service but S3 encodes the path once more.
  const path = pathname.split('/').map(encode).join('/')
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  const canonical = [method, path, query, lines, names, sha256(body)].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return {
    ...added,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** RFC 3986, section 2.3: what is not unreserved is encoded. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
