import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Test credentials: nobody's. */
export const awsKey = {
  id: 'AKIDCHANGEOVERTEST',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

/**
 * What is wrong with the signature of a request, as AWS checks it ("Signature Version 4": canonical
 * request, string to sign, signing key); `undefined` where it is right.
 */
export function signatureFault(
  request: IncomingMessage,
  body: string,
  service: string,
  region: string,
): string | undefined {
  const header = request.headers.authorization ?? ''
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/u.exec(
      header,
    )
  if (match === null) return 'no authorization of version 4'
  const [, id = '', day = '', inRegion = '', forService = '', names = '', signature = ''] = match
  if (id !== awsKey.id) return `the key ${id} is not known`
  if (forService !== service || inRegion !== region) {
    return `signed for ${forService} in ${inRegion}, not ${service} in ${region}`
  }
  const signed = names.split(';')
  if (!signed.includes('host')) return 'the host is not signed'
  const url = new URL(request.url ?? '/', 'http://fake')
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
  const headers = signed.map(
    (name) =>
      `${name}:${String(request.headers[name] ?? '')
        .trim()
        .replaceAll(/ +/gu, ' ')}\n`,
  )
  // Every service but S3 encodes the path once more.
  const path = url.pathname.split('/').map(encode).join('/')
  const canonical = [request.method, path, query, headers.join(''), names, sha256(body)].join('\n')
  const at = String(request.headers['x-amz-date'])
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${awsKey.secret}`,
  )
  const right = createHmac('sha256', key).update(toSign).digest('hex')
  return right === signature ? undefined : 'the signature is wrong'
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
