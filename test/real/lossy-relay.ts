import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { seededRandom } from '../../src/core/seeded-random.ts'

interface Weather {
  readonly seed: number
  /** Datagrams lost each way, 0 to 1. */
  readonly loss: number
  /** Each way, in milliseconds. */
  readonly delayMs: number
}

/** A UDP relay on 127.0.0.1 to `port` that loses and delays datagrams, the same ones for the same seed. */
export async function startRelay(port: number, weather: Weather) {
  const random = seededRandom(weather.seed)
  const front = createSocket('udp4')
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  const backs = new Map<number, Socket>()
  const timers = new Set<NodeJS.Timeout>()
  let lost = 0
  const later = (send: () => void) => {
    if (random.next() < weather.loss) {
      lost += 1
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      send()
    }, weather.delayMs)
    timers.add(timer)
  }
  front.on('message', (datagram, caller) => {
    let back = backs.get(caller.port)
    if (back === undefined) {
      back = createSocket('udp4')
      backs.set(caller.port, back)
      back.on('message', (answer) => {
        later(() => front.send(answer, caller.port, caller.address))
      })
    }
    const out = back
    later(() => out.send(datagram, port, '127.0.0.1'))
  })
  return {
    port: front.address().port,
    lost: () => lost,
    close() {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of [front, ...backs.values()]) socket.close()
    },
  }
}
