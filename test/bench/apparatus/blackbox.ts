import { existsSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { freePort, start, type Started } from './processes.ts'

const binary = ['/usr/bin/prometheus-blackbox-exporter', '/usr/local/bin/blackbox_exporter'].find(
  (path) => existsSync(path),
)

/** A running prometheus-blackbox-exporter that probes targets at a cadence. */
export interface Blackbox extends Started {
  /** Probes that it was asked for and that succeeded, since the start. */
  counts(): { readonly asked: number; readonly passed: number }
}

/** Why it cannot be compared with; `undefined` where it can. */
export function blackboxMissing(): string | undefined {
  return binary === undefined ? 'prometheus-blackbox-exporter is not installed' : undefined
}

/**
 * Starts the exporter and asks it for every target once in `everyMs`, evenly spread, as Prometheus
 * would: one scrape for each probe.
 */
export async function startBlackbox(
  folder: string,
  targets: readonly string[],
  everyMs: number,
): Promise<Blackbox> {
  const config = join(folder, 'blackbox.yml')
  const http = '{ preferred_ip_protocol: ip4, valid_http_versions: [HTTP/1.1, HTTP/2.0] }'
  writeFileSync(config, `modules:\n  http_2xx: { prober: http, timeout: 4s, http: ${http} }\n`)
  const port = await freePort()
  const listen = `--web.listen-address=127.0.0.1:${port}`
  const args = [`--config.file=${config}`, listen, '--log.level=info']
  const started = await start(binary ?? '', args, (line) => /listening/iu.test(line))

  const agent = new Agent({ keepAlive: true })
  let asked = 0
  let passed = 0
  const ask = (target: string) => {
    asked += 1
    const path = `/probe?module=http_2xx&target=${encodeURIComponent(target)}`
    const request = get({ host: '127.0.0.1', port, path, agent }, (answer) => {
      let body = ''
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
      answer.on('end', () => (passed += /^probe_success 1$/mu.test(body) ? 1 : 0))
    })
    request.on('error', () => undefined)
  }
  const startedAt = performance.now()
  let next = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / everyMs) * targets.length)
    for (; next < due; next += 1) ask(targets[next % targets.length] ?? '')
  }, 10)

  return {
    pid: started.pid,
    counts: () => ({ asked, passed }),
    async stop() {
      clearInterval(timer)
      await started.stop()
      agent.destroy()
    },
  }
}
