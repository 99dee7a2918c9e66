import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { AUTHORITATIVE_ANSWER, decode, encode, type Answer, type Packet } from 'dns-packet'
import { onTestFinished } from 'vitest'

/** What a scripted name server sends back: a message, bytes as they are, or nothing. */
export type Script = (query: Packet, over: 'udp' | 'tcp') => Partial<Packet> | Buffer | undefined

/** A name server on one loopback port, UDP and TCP, that ends with the test. Gives `127.0.0.1:port`. */
export async function serveNames(script: Script): Promise<string> {
  const answerTo = (message: Buffer, over: 'udp' | 'tcp'): Buffer | undefined => {
    const query = decode(message)
    const said = script(query, over)
    if (said === undefined || Buffer.isBuffer(said)) return said
    const { id, questions } = query
    return encode({ type: 'response', id, questions, flags: AUTHORITATIVE_ANSWER, ...said })
  }
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      const answer = answerTo(chunk.subarray(2), 'tcp')
      if (answer === undefined) return
      const length = Buffer.alloc(2)
      length.writeUInt16BE(answer.length)
      socket.write(Buffer.concat([length, answer]))
    })
  })
  const { udp, port } = await listenTogether(tcp)
  udp.on('message', (message, from) => {
    const answer = answerTo(message, 'udp')
    if (answer !== undefined) udp.send(answer, from.port, from.address)
  })
  onTestFinished(async () => {
    udp.close()
    for (const socket of sockets) socket.destroy()
    const closed = once(tcp, 'close')
    tcp.close()
    await closed
  })
  return `127.0.0.1:${port}`
}

/** Listens on one port for both; a port that is free for TCP may be taken for UDP. */
async function listenTogether(tcp: Server) {
  for (;;) {
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    const udp = createSocket('udp4')
    udp.bind(port, '127.0.0.1')
    const isBound = await once(udp, 'listening').then(
      () => true,
      () => false,
    )
    if (isBound) return { udp, port }
    udp.close()
    const closed = once(tcp, 'close')
    tcp.close()
    await closed
  }
}

/** An address record. */
export function address(name: string, data: string, ttl = 60): Answer {
  return { type: 'A', name, data, ttl }
}
