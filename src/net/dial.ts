import type { LookupAddress } from 'node:dns'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import type { NetFailure } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { classify } from './fault.ts'
import type { Resolver } from './resolver.ts'
import { connectFirst } from './tcp.ts'

interface DialTarget {
  /** A name, or an address without brackets. */
  readonly host: string
  readonly port: number
  /** Connect here in place of looking `host` up; SNI and certificate still go by `host`. */
  readonly address?: string
  readonly family?: 4 | 6
  /** TLS with these trusted certificates; plain TCP where absent. */
  readonly tls?: SecureContext
  /** SNI and certificate go by this name in place of `host`. */
  readonly serverName?: string
  /** Protocols to offer inside TLS (RFC 7301); none where absent. */
  readonly protocols?: readonly string[]
}

type Dialed = { readonly ok: true; readonly socket: Socket; readonly address: string } | NetFailure

/**
 * Opens a connection and leaves the time of each phase in `call`: name look-up, TCP connect, TLS
 * handshake. What fails is a value; when the call is stopped nothing stays open.
 */
export async function dial(call: Call, resolver: Resolver, target: DialTarget): Promise<Dialed> {
  const named = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
  const found = await lookUp(call, resolver, target, named)
  if ('ok' in found) return found

  call.phase = 'connect'
  const connecting = call.clock.now()
  const connected = await connectFirst(call, found.addresses, target.port)
  if (connected === undefined) return call.stoppedFailure(named)
  const { address } = connected
  const where = withAddress(named, target.host, address)
  if ('error' in connected) return failed(call, connected.error, where)
  call.connect = call.clock.now() - connecting
  call.address = address

  if (target.tls === undefined) return { ok: true, socket: connected.socket, address }
  call.phase = 'tls'
  const shaking = call.clock.now()
  const secured = await secure(call, connected.socket, target, target.tls)
  if (secured === undefined) return call.stoppedFailure(where)
  if ('error' in secured) return failed(call, secured.error, where)
  call.tls = call.clock.now() - shaking
  return { ok: true, socket: secured.socket, address }
}

/** `name:port (address)`; the address only where it is not the name already. */
export function withAddress(named: string, host: string, address: string | undefined): string {
  return address === undefined || address === host ? named : `${named} (${address})`
}

/** The addresses of a target, by the system's resolver where it has no address already. */
export async function lookUp(
  call: Call,
  resolver: Resolver,
  target: Pick<DialTarget, 'host' | 'address' | 'family'>,
  named: string,
): Promise<{ readonly addresses: readonly LookupAddress[] } | NetFailure> {
  const literal = target.address ?? target.host
  const family = isIP(literal)
  if (family !== 0) return { addresses: [{ address: literal, family }] }

  call.phase = 'dns'
  const asked = call.clock.now()
  const stopped = new Promise<undefined>((resolve) => call.onStop(() => resolve(undefined)))
  const found = await Promise.race([resolver.resolve(target.host, target.family ?? 0), stopped])
  call.onStop(undefined)
  if (found === undefined) return call.stoppedFailure(named)
  call.dns = call.clock.now() - asked
  if ('error' in found) return failed(call, found.error, named)
  return found
}

function secure(
  call: Call,
  raw: Socket,
  { host: connectedTo, serverName, protocols }: DialTarget,
  secureContext: SecureContext,
): Promise<{ readonly socket: TLSSocket } | { readonly error: unknown } | undefined> {
  const host = serverName ?? connectedTo
  return new Promise((resolve) => {
    const socket = connectTls({
      socket: raw,
      secureContext,
      host,
      ...(protocols !== undefined && { ALPNProtocols: [...protocols] }),
      // RFC 6066 section 3: an address is never sent as a server name.
      ...(isIP(host) === 0 && { servername: host }),
    })
    let settled = false
    const settle = (result: { socket: TLSSocket } | { error: unknown } | undefined) => {
      if (settled) return
      settled = true
      call.onStop(undefined)
      if (result === undefined || 'error' in result) socket.destroy()
      resolve(result)
    }
    socket.once('secureConnect', () => settle({ socket }))
    socket.on('error', (error) => settle({ error }))
    call.onStop(() => settle(undefined))
  })
}

function failed(call: Call, error: unknown, where: string): NetFailure {
  const { fault, says } = classify(error, call.phase, where)
  return call.failure(fault, says)
}
