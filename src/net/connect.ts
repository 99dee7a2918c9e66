import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { ConnectRequest, ConnectResult, Connected, NetFailure } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { certificateExpiry } from './connections.ts'
import { dial, withAddress } from './dial.ts'
import { classify } from './fault.ts'
import { bareAddress } from './outgoing.ts'
import type { Resolver } from './resolver.ts'
import type { Trust } from './trust.ts'

/** The most of a banner that is waited for. */
const MOST_BANNER = 64 * 1024

/** What connecting needs of the process. */
export interface ConnectParts {
  readonly resolver: Resolver
  readonly trust: Trust
}

/** A connection that stands, with what is to be told of it. */
export interface Standing {
  readonly ok: true
  readonly socket: Socket
  readonly address: string
  readonly certificateDays?: number
  /** Host, port and address for sentences. */
  readonly where: string
}

/** Looks the name up, connects, and does the TLS handshake where asked to. */
export async function connectTo(
  parts: ConnectParts,
  call: Call,
  request: Pick<ConnectRequest, 'host' | 'port' | 'address' | 'tls'>,
): Promise<Standing | NetFailure> {
  const { address, tls } = request
  const host = bareAddress(request.host)
  const named = `${host.includes(':') ? `[${host}]` : host}:${request.port}`
  call.phase = 'connect'
  if (call.stopped !== undefined) return call.stoppedFailure(named)
  let context: SecureContext | undefined
  try {
    context = tls === undefined ? undefined : parts.trust.context(tls.ca)
  } catch {
    return call.failure('local', 'the certificates to trust are not valid PEM')
  }
  const dialed = await dial(call, parts.resolver, {
    host,
    port: request.port,
    ...(address !== undefined && { address: bareAddress(address) }),
    ...(context !== undefined && { tls: context }),
    ...(tls?.serverName !== undefined && { serverName: tls.serverName }),
  })
  if (!dialed.ok) return dialed
  const expiresAt = certificateExpiry(dialed.socket)
  return {
    ok: true,
    socket: dialed.socket,
    address: dialed.address,
    where: withAddress(named, host, dialed.address),
    ...(expiresAt !== undefined && {
      certificateDays: (expiresAt - call.clock.wall()) / 86_400_000,
    }),
  }
}

/** Opens a connection, listens as far as asked to, and ends it. */
export async function connectOnly(
  parts: ConnectParts,
  call: Call,
  request: ConnectRequest,
): Promise<ConnectResult> {
  const standing = await connectTo(parts, call, request)
  if (!standing.ok) return standing
  const { socket, where, address, certificateDays } = standing
  const most = Math.min(request.bannerBytes ?? 0, MOST_BANNER)
  const heard = await listen(call, socket, most, where)
  if ('ok' in heard) return heard
  return {
    ok: true,
    address,
    banner: heard.banner,
    timings: call.timings(),
    ...(certificateDays !== undefined && { certificateDays }),
  }
}

/** Reads until `most` bytes came or the peer closed; ends the connection. */
function listen(
  call: Call,
  socket: Socket,
  most: number,
  where: string,
): Promise<{ readonly banner: Buffer } | Exclude<ConnectResult, Connected>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const openedAt = call.clock.now()
    const settle = (result: Parameters<typeof resolve>[0]) => {
      call.onStop(undefined)
      // A polite end flushes the last message of the handshake, so that the peer logs no error.
      if ('ok' in result) socket.destroy()
      else socket.end(() => socket.destroy())
      resolve(result)
    }
    const finish = () => settle({ banner: Buffer.concat(chunks).subarray(0, most) })
    socket.on('error', (error) => {
      const { fault, says } = classify(error, call.phase, where)
      settle(call.failure(fault, says))
    })
    if (most === 0) return finish()
    call.phase = 'first-byte'
    socket.on('data', (chunk: Buffer) => {
      call.firstByte ??= call.clock.now() - openedAt
      call.phase = 'body'
      chunks.push(chunk)
      call.bytes += chunk.length
      if (call.bytes >= most) finish()
    })
    socket.once('end', finish)
    call.onStop(() => settle(call.stoppedFailure(where)))
  })
}
