import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./hostile-server.process.ts', import.meta.url))

/** Starts the hostile server; it ends by `close`, and with this process. */
export async function startHostileServer() {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    async close() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
