import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { networkInterfaces, platform } from 'node:os'
import type { ReceiveRequest, ReceiveResult } from '../plugin/net.ts'
import type { Call } from './call.ts'
import { lookUp } from './dial.ts'
import { bareAddress } from './outgoing.ts'
import type { Resolver } from './resolver.ts'

/** Half a second of 64 Mbit/s; the system may give less (net.core.rmem_max on Linux). */
const BUFFER_BYTES = 4 * 2 ** 20

/** Errors of bind(2) and setsockopt(2), all of them of this machine. */
const SAYS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program of this machine listens there',
  EADDRNOTAVAIL: 'this machine has no such address or interface',
  EACCES: 'this machine forbids the port',
  ENODEV: 'this machine has no such interface, or no route for multicast',
  ENOBUFS: 'this machine allows no more multicast groups',
  EMFILE: 'this process has no free file descriptors',
  EAFNOSUPPORT: 'this machine does not have that address family',
}

/**
 * A socket that hands on every datagram until it is closed. Joining a group is told to the network
 * by the kernel (IGMP, MLD); `open` holds what closes each. Whether a sender answers is for the caller's own timer to find out.
 */
export async function receive(
  resolver: Resolver,
  call: Call,
  request: ReceiveRequest,
  open: Set<() => void>,
): Promise<ReceiveResult> {
  const host = bareAddress(request.host)
  const named = `${host.includes(':') ? `[${host}]` : host}:${request.port}`
  if (call.stopped !== undefined) return call.stoppedFailure(named)
  const found = await lookUp(call, resolver, { host }, named)
  if ('ok' in found) return found
  const [first] = found.addresses
  if (first === undefined) return call.failure('not-found', `the name of ${named} has no address`)
  const { address, family } = first
  call.phase = 'connect'
  const isGroup = isMulticast(address)
  const { source, signal } = request
  const on = isGroup ? interfaceFor(family, request.interface) : undefined
  if (on === false) {
    const says = `this machine has no interface ${request.interface} with IPv${family}, for ${named}`
    return call.failure('local', says)
  }

  return await new Promise((resolve) => {
    // Programs that watch one group share its port; one that takes a unicast port wants all of it.
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', reuseAddr: isGroup })
    let isOpen = false
    let isClosed = false
    const close = () => {
      if (isClosed) return
      isClosed = true
      open.delete(close)
      call.onStop(undefined)
      signal?.removeEventListener('abort', close)
      socket.close()
    }
    const fail = (error: NodeJS.ErrnoException) => {
      if (isClosed) return
      close()
      const code = error.code ?? error.name
      const failure = call.failure(
        'local',
        `${SAYS[code] ?? 'this machine cannot listen'} (${code}), for ${named}`,
      )
      if (isOpen) request.onFault(failure)
      else resolve(failure)
    }
    socket.on('error', fail)
    socket.on('message', (datagram, { address: from }) => {
      if (isClosed || (source !== undefined && from !== source)) return
      request.onDatagram(datagram)
    })
    call.onStop(() => {
      close()
      resolve(call.stoppedFailure(named))
    })
    // Bound to the group itself, the kernel keeps other groups on the same port away (Linux, BSD).
    const bindTo = isGroup && platform() === 'win32' ? undefined : address
    socket.bind({ port: request.port, ...(bindTo !== undefined && { address: bindTo }) }, () => {
      if (isClosed) return
      try {
        enlarge(socket)
        if (isGroup && source !== undefined) socket.addSourceSpecificMembership(source, address, on)
        else if (isGroup) socket.addMembership(address, on)
      } catch (error) {
        fail(error as NodeJS.ErrnoException)
        return
      }
      isOpen = true
      open.add(close)
      call.onStop(undefined)
      signal?.addEventListener('abort', close, { once: true })
      resolve({ ok: true, address, port: socket.address().port, close })
    })
  })
}

/** 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291). */
function isMulticast(address: string): boolean {
  if (isIP(address) === 6) return /^ff/iu.test(address)
  const [first = 0] = address.split('.').map(Number)
  return first >= 224 && first <= 239
}

/** An interface as Node wants it: an address for IPv4, `::%name` for IPv6; `false` where there is none. */
function interfaceFor(family: number, name: string | undefined): string | undefined | false {
  if (name === undefined) return undefined
  const all = networkInterfaces()
  const addresses = all[name]
  if (family === 6) {
    const byAddress = Object.keys(all).find((each) =>
      all[each]?.some(({ address }) => address === name),
    )
    const found = addresses === undefined ? byAddress : name
    return found === undefined ? false : `::%${found}`
  }
  if (isIP(name) === 4) return name
  return addresses?.find((each) => each.family === 'IPv4')?.address ?? false
}

function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(BUFFER_BYTES)
  } catch {
    // The default serves as well until the machine is busy.
  }
}
