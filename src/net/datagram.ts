import { createSocket } from 'node:dgram'
import type { DatagramRequest, DatagramResult } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { lookUp, withAddress } from './dial.ts'
import { classify } from './fault.ts'
import { bareAddress } from './outgoing.ts'
import type { Resolver } from './resolver.ts'

/**
 * One datagram and its answer on a socket of their own: the kernel chooses a source port that is
 * hard to guess, passes on only what comes from the peer, and tells when nobody listens there.
 */
export async function datagram(
  resolver: Resolver,
  call: Call,
  request: DatagramRequest,
): Promise<DatagramResult> {
  const host = bareAddress(request.host)
  const named = `${host.includes(':') ? `[${host}]` : host}:${request.port}`
  if (call.stopped !== undefined) return call.stoppedFailure(named)
  const found = await lookUp(call, resolver, { host }, named)
  if ('ok' in found) return found
  const [first] = found.addresses
  if (first === undefined) return call.failure('not-found', `the name of ${named} has no address`)
  const { address, family } = first
  const where = withAddress(named, host, address)
  return await new Promise((resolve) => {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    let settled = false
    const settle = (result: DatagramResult) => {
      if (settled) return
      settled = true
      call.onStop(undefined)
      socket.close()
      resolve(result)
    }
    const fail = (error: Error) => {
      const { fault, says } = classify(error, 'connect', where)
      settle(call.failure(fault, says))
    }
    const askedAt = call.clock.now()
    call.phase = 'connect'
    call.address = address
    socket.on('error', fail)
    socket.on('message', (body) => {
      call.bytes += body.length
      if (settled || !request.isAnswer(body)) return
      settle({ ok: true, body, address, ms: call.clock.now() - askedAt })
    })
    socket.connect(request.port, address, () => {
      if (settled) return
      call.phase = 'first-byte'
      socket.send(request.payload, (error) => {
        if (error !== null) fail(error)
      })
    })
    call.onStop(() => settle(call.stoppedFailure(where)))
  })
}
