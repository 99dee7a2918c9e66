import { connect, createServer } from 'node:net'

/*
 * node relay.process.ts <socket> <port>: hands every connection to a Unix socket on to a port of the
 * loopback interface of its own network namespace. Unix sockets reach across namespaces.
 */
const [socket = '', port = ''] = process.argv.slice(2)
createServer((outside) => {
  const inside = connect(Number(port), '127.0.0.1')
  outside.on('error', () => inside.destroy())
  inside.on('error', () => outside.destroy())
  outside.pipe(inside).pipe(outside)
}).listen(socket)
