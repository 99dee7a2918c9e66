import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

const UNBOUND = installed(
  '/usr/sbin/unbound',
  '/usr/local/sbin/unbound',
  '/opt/homebrew/sbin/unbound',
)

/** The version of the Unbound that is installed here; `undefined` where none is. */
export function unboundVersion(): string | undefined {
  if (UNBOUND === undefined) return undefined
  return /Version (\S+)/u.exec(execFileSync(UNBOUND, ['-V']).toString())?.[1]
}

/**
 * A real caching resolver that asks these servers (`127.0.0.1:port`) for `changeover.test`. `more` are
 * lines of its server section, `local` the text of `local.conf` in its folder.
 */
export async function startUnbound(
  servers: readonly string[],
  more: readonly string[] = [],
  local = '',
) {
  if (UNBOUND === undefined) throw new Error('Unbound is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-unbound-'))
  const port = await freePort()
  const config = join(folder, 'unbound.conf')
  writeFileSync(join(folder, 'local.conf'), local)
  writeFileSync(
    config,
    [
      'server:',
      `  directory: "${folder}"`,
      '  chroot: ""',
      '  username: ""',
      `  pidfile: "${folder}/pid"`,
      `  interface: 127.0.0.1@${port}`,
      '  do-daemonize: no',
      '  use-syslog: no',
      '  do-ip6: no',
      '  num-threads: 1',
      '  do-not-query-localhost: no',
      '  module-config: "iterator"',
      '  local-zone: "test." nodefault',
      ...more,
      'remote-control:',
      '  control-enable: no',
      ...(servers.length === 0 ? [] : ['stub-zone:', '  name: "changeover.test"']),
      ...servers.map((server) => `  stub-addr: ${server.replace(':', '@')}`),
      '',
    ].join('\n'),
  )
  const child = startChild(UNBOUND, ['-d', '-c', config], folder)
  // Written once the configuration was read: from then on a test may break it.
  await eventually(
    () => `Unbound did not start: ${child.errors()}`,
    async () => existsSync(join(folder, 'pid')),
  )
  return {
    resolver: `127.0.0.1:${port}`,
    folder,
    pid: child.pid,
    isRunning: () => child.isRunning(),
    async close() {
      await child.kill()
      rmSync(folder, { recursive: true })
    },
  }
}
