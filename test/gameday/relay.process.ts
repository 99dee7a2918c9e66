import { connect, createServer } from 'node:net'

/**
 * An edge as a process of its own, so that it can be killed: every connection to `port` goes on to
 * `upstream`, byte by byte, resets included. Arguments: port, upstream port.
 */
const [port = 0, upstream = 0] = process.argv.slice(2).map(Number)

createServer((client) => {
  const target = connect(upstream, '127.0.0.1')
  client.pipe(target).pipe(client)
  client.on('error', () => target.destroy())
  target.on('error', () => client.resetAndDestroy())
  client.on('close', () => target.destroy())
}).listen(port, '127.0.0.1')
