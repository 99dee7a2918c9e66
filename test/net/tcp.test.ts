import { afterEach, describe, expect, it } from 'vitest'
import { Call } from '../../src/net/call.ts'
import { Deadlines } from '../../src/net/deadlines.ts'
import { connectFirst } from '../../src/net/tcp.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { serveTcp, type Running } from './servers.ts'

const clock = realClock()
const running: Running[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

function call(deadlineMs: number): Call {
  return new Call(clock, new Deadlines(clock), { deadlineMs })
}

describe('connecting to several addresses', () => {
  it('goes on with the next one when the first refuses', async () => {
    const server = await serveTcp(() => {})
    running.push(server)
    const one = call(3_000)

    const connected = await connectFirst(
      one,
      [
        // Nothing listens on ::1, or there is no IPv6 at all: both fail at once.
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ],
      server.port,
    )
    one.end()

    expect(connected?.address).toBe('127.0.0.1')
    expect(connected).toHaveProperty('socket')
    if (connected !== undefined && 'socket' in connected) connected.socket.destroy()
  })

  it('reports what the network said when all fail', async () => {
    const gone = await serveTcp(() => {})
    await gone.close()
    const one = call(3_000)

    const connected = await connectFirst(
      one,
      [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
      gone.port,
    )
    one.end()

    expect(connected).toMatchObject({ error: { code: 'ECONNREFUSED' }, address: '127.0.0.2' })
  })
})
