import { connect, type Socket } from 'node:net'
import type { ExchangeRequest, ExchangeResult, NetFailure } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { dial } from './dial.ts'
import { classify } from './fault.ts'
import { bareAddress } from './outgoing.ts'
import type { Resolver } from './resolver.ts'

/**
 * Connects, writes, and reads until the peer closes or the cap. The phase of a failure tells
 * whether anything was written: after `connect` it may have been.
 */
export async function exchange(
  resolver: Resolver,
  call: Call,
  request: ExchangeRequest,
): Promise<ExchangeResult> {
  const where = 'socket' in request.to ? request.to.socket : `${request.to.host}:${request.to.port}`
  call.phase = 'connect'
  if (call.stopped !== undefined) return call.stoppedFailure(where)
  const opened =
    'socket' in request.to
      ? await openLocal(call, request.to.socket)
      : await openRemote(call, resolver, request.to.host, request.to.port)
  if ('ok' in opened) return opened
  return await converse(call, opened.socket, request, where)
}

async function openRemote(
  call: Call,
  resolver: Resolver,
  host: string,
  port: number,
): Promise<{ readonly socket: Socket } | NetFailure> {
  const dialed = await dial(call, resolver, { host: bareAddress(host), port })
  return dialed.ok ? { socket: dialed.socket } : dialed
}

function openLocal(call: Call, path: string): Promise<{ readonly socket: Socket } | NetFailure> {
  return new Promise((resolve) => {
    const began = call.clock.now()
    const socket = connect({ path })
    const settle = (result: { readonly socket: Socket } | NetFailure) => {
      call.onStop(undefined)
      socket.removeAllListeners()
      socket.on('error', () => {})
      if ('ok' in result) socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => {
      call.connect = call.clock.now() - began
      settle({ socket })
    })
    socket.once('error', (error) => {
      const { fault, says } = classify(error, 'connect', path)
      settle(call.failure(fault, says))
    })
    call.onStop(() => settle(call.stoppedFailure(path)))
  })
}

function converse(
  call: Call,
  socket: Socket,
  request: ExchangeRequest,
  where: string,
): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let settled = false
    const settle = (result: ExchangeResult) => {
      if (settled) return
      settled = true
      call.onStop(undefined)
      socket.destroy()
      resolve(result)
    }
    const finish = (truncated: boolean) => {
      const ms = call.clock.now() - call.startedAt
      settle({ ok: true, body: Buffer.concat(chunks), truncated, ms })
    }
    const sentAt = call.clock.now()
    call.phase = 'first-byte'
    socket.on('data', (chunk: Buffer) => {
      if (settled) return
      call.firstByte ??= call.clock.now() - sentAt
      call.phase = 'body'
      const room = request.maxBytes - call.bytes
      const part = chunk.length > room ? chunk.subarray(0, room) : chunk
      chunks.push(part)
      call.bytes += part.length
      if (chunk.length > room) finish(true)
      else if (request.isComplete?.(Buffer.concat(chunks)) === true) finish(false)
    })
    socket.once('end', () => finish(false))
    socket.on('error', (error) => {
      const { fault, says } = classify(error, call.phase, where)
      settle(call.failure(fault, says))
    })
    call.onStop(() => settle(call.stoppedFailure(where)))
    if (!settled) socket.write(request.payload)
  })
}
