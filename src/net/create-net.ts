import { getServers } from 'node:dns'
import type { Clock } from '../core/clock.ts'
import type { Net } from '../plugin/net.ts'
import { Call } from './call.ts'
import { connectOnly } from './connect.ts'
import { Connections } from './connections.ts'
import { datagram } from './datagram.ts'
import { Deadlines } from './deadlines.ts'
import { exchange } from './exchange.ts'
import { fromFiles } from './from-files.ts'
import { http } from './http.ts'
import { openConnection } from './open.ts'
import { receive } from './receive.ts'
import { Resolver } from './resolver.ts'
import { Trust } from './trust.ts'

/** The network of this machine. After `close` every call ends as aborted. */
export type RealNet = Net & { close(): Promise<void> }

/** Builds the one network of a process; its connections, deadlines and TLS settings are shared. */
export function createNet({ clock }: { readonly clock: Clock }): RealNet {
  const deadlines = new Deadlines(clock)
  const parts = { connections: new Connections(), resolver: new Resolver(), trust: new Trust() }
  const open = new Set<() => void>()
  return {
    async http(request) {
      const call = new Call(clock, deadlines, request)
      try {
        if (request.files === undefined) return await http(parts, call, request)
        const filled = await fromFiles(request)
        if ('refused' in filled) {
          return call.failure('local', `the request was not sent: ${filled.refused}`)
        }
        return await http(parts, call, filled.request)
      } finally {
        call.end()
      }
    },
    async exchange(request) {
      const call = new Call(clock, deadlines, request)
      try {
        return await exchange(parts.resolver, call, request)
      } finally {
        call.end()
      }
    },
    async connect(request) {
      const call = new Call(clock, deadlines, request)
      try {
        return await connectOnly(parts, call, request)
      } finally {
        call.end()
      }
    },
    async open(request) {
      const call = new Call(clock, deadlines, request)
      try {
        return await openConnection(parts, call, request, open)
      } finally {
        call.end()
      }
    },
    async datagram(request) {
      const call = new Call(clock, deadlines, request)
      try {
        return await datagram(parts.resolver, call, request)
      } finally {
        call.end()
      }
    },
    async receive(request) {
      const call = new Call(clock, deadlines, request)
      try {
        return await receive(parts.resolver, call, request, open)
      } finally {
        call.end()
      }
    },
    nameServers: () => getServers(),
    async close() {
      deadlines.close()
      for (const end of open) end()
      await parts.connections.close()
    },
  }
}
