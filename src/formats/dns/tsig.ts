import { createHmac, timingSafeEqual } from 'node:crypto'
import { decodeName, encodeName } from './name.ts'
import { classes, decodeWire, encodeRecord, types } from './wire.ts'

/** Algorithms that name servers must or should know and that are still sound (RFC 8945 section 6). */
export const tsigAlgorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

/** A key that we share with a name server. */
export interface TsigKey {
  readonly name: string
  readonly algorithm: (typeof tsigAlgorithms)[number]
  readonly secret: Buffer
}

/** Seconds by which two clocks may differ (RFC 8945 section 10 recommends 300). */
const FUDGE = 300

/** A signed message, and the MAC that its answer is signed with too. */
export interface Signed {
  readonly message: Buffer
  readonly mac: Buffer
}

/**
 * Signs a request, or with `requestMac` the answer to one (RFC 8945 section 4.3). `wallMs` is
 * milliseconds since the epoch. `error` and `serverWallMs` are for answers that tell of a fault.
 */
export function signTsig(
  message: Buffer,
  key: TsigKey,
  wallMs: number,
  answer: {
    readonly requestMac?: Buffer
    readonly error?: number
    readonly serverWallMs?: number
  } = {},
): Signed {
  const variables = {
    time: Math.floor(wallMs / 1_000),
    fudge: FUDGE,
    error: answer.error ?? 0,
    other:
      answer.serverWallMs === undefined ? Buffer.alloc(0) : sixBytes(answer.serverWallMs / 1_000),
  }
  const mac = digest(key, message, variables, answer.requestMac)
  const record = encodeRecord({
    name: key.name.toLowerCase(),
    type: types.TSIG,
    class: classes.ANY,
    ttl: 0,
    data: Buffer.concat([
      encodeName(key.algorithm),
      sixBytes(variables.time),
      twoBytes(variables.fudge),
      twoBytes(mac.length),
      mac,
      // The identity as it was before anybody on the way changed it.
      message.subarray(0, 2),
      twoBytes(variables.error),
      twoBytes(variables.other.length),
      variables.other,
    ]),
  })
  const signed = Buffer.concat([message, record])
  signed.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return { message: signed, mac }
}

/**
 * What a signature says. `unsigned`: there is none. `refused`: the server did not accept ours, by the
 * names of RFC 8945 section 3. `forged`: it is not of this key or not of this message, or too old.
 */
export type Verified =
  | { readonly result: 'good'; readonly message: Buffer }
  | { readonly result: 'unsigned' }
  | {
      readonly result: 'refused'
      readonly error: 'BADSIG' | 'BADKEY' | 'BADTIME' | 'BADTRUNC' | `error ${number}`
      /** Of the server's clock against ours, in seconds; only with BADTIME. */
      readonly aheadSeconds?: number
    }
  | { readonly result: 'forged'; readonly says: string }

const errors: Readonly<Record<number, 'BADSIG' | 'BADKEY' | 'BADTIME' | 'BADTRUNC'>> = {
  16: 'BADSIG',
  17: 'BADKEY',
  18: 'BADTIME',
  22: 'BADTRUNC',
}

/**
 * Judges the signature of an answer, or without `requestMac` of a request (RFC 8945 section 5.3).
 * A good one gives the message as it was before it was signed.
 */
export function verifyTsig(
  bytes: Buffer,
  key: TsigKey,
  wallMs: number,
  requestMac?: Buffer,
): Verified {
  const tail = decodeWire(bytes)?.tail
  if (tail?.record.type !== types.TSIG) return { result: 'unsigned' }
  const { name, class: family, ttl, data } = tail.record
  const signature = family === classes.ANY && ttl === 0 ? readSignature(data) : undefined
  if (signature === undefined) return { result: 'forged', says: 'its signature is damaged' }
  const now = Math.floor(wallMs / 1_000)
  const { error, other } = signature
  // BADSIG and BADKEY come unsigned, because the server knows no key that we would believe.
  if (error !== 0 && error !== 18) {
    return { result: 'refused', error: errors[error] ?? `error ${error}` }
  }
  if (name !== bareName(key.name) || signature.algorithm !== key.algorithm) {
    return { result: 'forged', says: 'it is signed with another key' }
  }
  const message = Buffer.from(bytes.subarray(0, tail.begin))
  message.writeUInt16BE(bytes.readUInt16BE(10) - 1, 10)
  signature.id.copy(message, 0)
  const expected = digest(key, message, signature, requestMac)
  // A shortened MAC (section 5.2.2.1) is not accepted: our own is never short.
  const isOurs =
    signature.mac.length === expected.length && timingSafeEqual(signature.mac, expected)
  if (!isOurs) return { result: 'forged', says: 'its signature is not of our key' }
  if (error === 18) {
    const theirs = other.length === 6 ? other.readUIntBE(0, 6) : undefined
    return {
      result: 'refused',
      error: 'BADTIME',
      ...(theirs !== undefined && { aheadSeconds: theirs - now }),
    }
  }
  if (Math.abs(signature.time - now) > signature.fudge) {
    return {
      result: 'forged',
      says: `it was signed ${Math.abs(signature.time - now)} s off our clock`,
    }
  }
  return { result: 'good', message }
}

interface Variables {
  readonly time: number
  readonly fudge: number
  readonly error: number
  readonly other: Buffer
}

/** The MAC over the request's MAC, the message and the variables (RFC 8945 section 4.3.3). */
function digest(key: TsigKey, message: Buffer, variables: Variables, requestMac?: Buffer): Buffer {
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), key.secret)
  if (requestMac !== undefined) hmac.update(twoBytes(requestMac.length)).update(requestMac)
  return hmac
    .update(message)
    .update(encodeName(key.name.toLowerCase()))
    .update(twoBytes(classes.ANY))
    .update(Buffer.alloc(4))
    .update(encodeName(key.algorithm))
    .update(sixBytes(variables.time))
    .update(twoBytes(variables.fudge))
    .update(twoBytes(variables.error))
    .update(twoBytes(variables.other.length))
    .update(variables.other)
    .digest()
}

function readSignature(data: Buffer) {
  const found = decodeName(data, 0)
  if (found === undefined) return undefined
  const { name: algorithm, end } = found
  if (data.length < end + 10) return undefined
  const macEnd = end + 10 + data.readUInt16BE(end + 8)
  if (data.length < macEnd + 6) return undefined
  const otherEnd = macEnd + 6 + data.readUInt16BE(macEnd + 4)
  if (data.length !== otherEnd) return undefined
  return {
    algorithm,
    time: data.readUIntBE(end, 6),
    fudge: data.readUInt16BE(end + 6),
    mac: data.subarray(end + 10, macEnd),
    id: data.subarray(macEnd, macEnd + 2),
    error: data.readUInt16BE(macEnd + 2),
    other: data.subarray(macEnd + 6, otherEnd),
  }
}

function bareName(name: string): string {
  return name.toLowerCase().replace(/\.$/u, '')
}

function twoBytes(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** Seconds since the epoch, 48 bit. */
function sixBytes(value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(Math.floor(value), 0, 6)
  return bytes
}
