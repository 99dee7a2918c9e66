import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { TargetFault } from '../contract/actuator-contract.ts'

/** A server of the fake backend, with the numbers of `show servers state`. */
export interface FakeServer {
  weight: number
  admin: number
  operational: number
  agent: number
}

const COLUMNS =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ' +
  'srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state ' +
  'srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl ' +
  'srv_check_port srv_check_addr srv_agent_addr srv_agent_port'

/**
 * The runtime API of HAProxy 2.6 for one backend `live`, as far as the actuator may use it. The
 * texts are those of the real one; a command that it does not know fails the test.
 */
export async function startFakeHaproxy(names: readonly string[]) {
  const servers = new Map<string, FakeServer>(
    names.map((name, index) => [
      name,
      { weight: index === 0 ? 100 : 0, admin: 0, operational: 2, agent: 0 },
    ]),
  )
  const unexpected: string[] = []
  const sockets = new Set<Socket>()
  const replies = new Map<string, string>()
  let fault: TargetFault | undefined
  let writes = 0
  const writeLines: string[] = []

  function table(backend: string): string {
    if (backend !== 'live') return "Can't find backend.\n\n"
    const rows = [...servers].map(
      ([name, { weight, admin, operational, agent }], index) =>
        `3 live ${index + 1} ${name} 127.0.0.1 ${operational} ${admin} ${weight} 100 7 1 0 2 0 ` +
        `${agent} 0 0 - 8080 - 0 0 - - 0`,
    )
    return ['1', `# ${COLUMNS}`, ...rows, '', ''].join('\n')
  }

  function run(command: string): string {
    const words = command.split(' ')
    const scripted =
      replies.get(words.slice(0, 3).join(' ')) ?? replies.get(words.slice(0, 2).join(' '))
    if (scripted !== undefined) return scripted
    const show = /^show servers state ([\w.:-]+)$/.exec(command)
    if (show?.[1] !== undefined) return table(show[1])
    const weight = /^set weight live\/([\w.:-]+) (\d+)$/.exec(command)
    const state = /^set server live\/([\w.:-]+) state (ready|drain)$/.exec(command)
    const server = servers.get((weight ?? state)?.[1] ?? '')
    if (weight === null && state === null) {
      unexpected.push(command)
      return 'Unknown command\n\n'
    }
    if (server === undefined) return 'No such server.\n\n'
    writes += 1
    if (weight !== null) {
      const to = Number(weight[2])
      if (to > 256) return 'Absolute weight can only be between 0 and 256 inclusive.\n\n'
      server.weight = to
    } else {
      server.admin = state?.[2] === 'drain' ? server.admin | 8 : 0
    }
    return '\n'
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', (line) => {
      if (fault === 'silent') return
      const commands = line.toString().trimEnd().split('; ')
      if (commands.length > 1) writeLines.push(commands.join('; '))
      const answer = commands.map(run).join('')
      if (fault === 'deaf' && commands.length > 1) return
      socket.end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  return {
    address: `127.0.0.1:${port}`,
    servers,
    unexpected,
    writes: () => writes,
    /** Every line that held more than a question. */
    writeLines: () => writeLines,
    /** Answers `text` to commands whose first two words, or three, are these. */
    answer: (words: string, text: string) => replies.set(words, text),
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') await stop()
    },
    close: stop,
  }
}
