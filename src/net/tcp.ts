import { connect, type Socket } from 'node:net'
import type { LookupAddress } from 'node:dns'
import type { Call } from './call.ts'
import { ownSideErrors } from './fault.ts'

/** RFC 8305 section 5 recommends this wait before the next address is tried beside the last. */
const NEXT_ATTEMPT_MS = 250

type Connected =
  | { readonly socket: Socket; readonly address: string }
  | { readonly error: Error; readonly address: string }

/**
 * Connects to the first of `addresses` that answers. The next one is tried when the last failed or
 * did not answer for 250 ms, without giving the last one up (RFC 8305). `undefined` when the call
 * was stopped.
 */
export function connectFirst(
  call: Call,
  addresses: readonly LookupAddress[],
  port: number,
): Promise<Connected | undefined> {
  return new Promise((resolve) => {
    const order = interleave(addresses)
    const pending = new Set<Socket>()
    const errors: { error: Error; address: string }[] = []
    const waits = new AbortController()
    let next = 0

    const settle = (result: Connected | undefined) => {
      call.onStop(undefined)
      if (order.length > 1) waits.abort('settled')
      for (const socket of pending) socket.destroy()
      pending.clear()
      resolve(result)
    }
    const attempt = () => {
      const candidate = order[next]
      if (candidate === undefined) return
      next += 1
      const { address } = candidate
      const socket = open(address, port)
      pending.add(socket)
      socket.once('connect', () => {
        pending.delete(socket)
        settle({ socket, address })
      })
      socket.on('error', (error) => {
        if (!pending.delete(socket)) return
        errors.push({ error, address })
        if (next < order.length) attempt()
        else if (pending.size === 0) settle(mostTelling(errors))
      })
      if (next < order.length) {
        const following = next
        void call.clock.sleep(NEXT_ATTEMPT_MS, waits.signal).then((elapsed) => {
          if (elapsed && next === following) attempt()
          return undefined
        })
      }
    }

    attempt()
    call.onStop(() => settle(undefined))
  })
}

function open(host: string, port: number): Socket {
  const socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30e3,
  })
  // For an address, connect(2) runs in the next tick, which was queued before this one: an error
  // that is there already came from our own kernel and not from the network.
  process.nextTick(() => {
    if (socket.errored) ownSideErrors.add(socket.errored)
  })
  return socket
}

/** The resolver's order, with the families taking turns. */
function interleave(addresses: readonly LookupAddress[]): LookupAddress[] {
  const first = addresses[0]
  if (first === undefined || addresses.length === 1) return [...addresses]
  const same = addresses.filter(({ family }) => family === first.family)
  const other = addresses.filter(({ family }) => family !== first.family)
  return same
    .flatMap((one, index) => [one, ...other.slice(index, index + 1)])
    .concat(other.slice(same.length))
}

/** A machine without IPv6 fails there at once; what the other family met says more. */
function mostTelling(errors: readonly { error: Error; address: string }[]): Connected {
  const met = errors.find(({ error }) => !ownSideErrors.has(error))
  return met ?? errors[0] ?? { error: new Error('no address'), address: '' }
}
