import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TsigKey } from '../../src/formats/dns/tsig.ts'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

const KNOTD = installed('/usr/sbin/knotd', '/usr/local/sbin/knotd', '/opt/homebrew/sbin/knotd')
const KDIG = installed('/usr/bin/kdig', '/usr/local/bin/kdig', '/usr/bin/dig')
const KNOTC = installed('/usr/sbin/knotc', '/usr/local/sbin/knotc', '/opt/homebrew/sbin/knotc')
const KNSUPDATE = installed('/usr/bin/knsupdate', '/usr/local/bin/knsupdate')

/** The version of the Knot that is installed here; `undefined` where it, or one of its tools, is not. */
export function knotVersion(): string | undefined {
  if ([KNOTD, KDIG, KNOTC, KNSUPDATE].includes(undefined) || KNOTD === undefined) return undefined
  return /version (\S+)/u.exec(execFileSync(KNOTD, ['--version']).toString())?.[1]
}

const ZONE = 'changeover.test'

/**
 * A real Knot with `changeover.test` on loopback, that takes updates of the holders of a key. With
 * `included`, the record of `live` stands in a file of its own, and Knot makes new serials by itself.
 */
export async function startKnot({
  key,
  included,
}: {
  readonly key: TsigKey
  readonly included?: string
}) {
  if (KNOTD === undefined) throw new Error('Knot is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-knot-'))
  const port = await freePort()
  writeFileSync(
    join(folder, 'zone.db'),
    [
      '$TTL 30',
      `@ IN SOA ns1.${ZONE}. root.${ZONE}. 1 3600 3600 86400 30`,
      `@ IN NS ns1.${ZONE}.`,
      'ns1 IN A 127.0.0.1',
      included === undefined ? 'live IN A 192.0.2.1' : `$INCLUDE ${join(folder, 'live.inc')}`,
      'alias IN CNAME edge-a.cdn.test.',
      '',
    ].join('\n'),
  )
  if (included !== undefined) writeFileSync(join(folder, 'live.inc'), included)
  writeFileSync(
    join(folder, 'knot.conf'),
    [
      'server:',
      `  rundir: "${folder}"`,
      `  listen: 127.0.0.1@${port}`,
      'control:',
      `  listen: "${folder}/knot.sock"`,
      'log:',
      '  - target: stderr',
      '    any: info',
      'database:',
      `  storage: "${folder}"`,
      'key:',
      `  - id: ${key.name}`,
      `    algorithm: ${key.algorithm}`,
      `    secret: ${key.secret.toString('base64')}`,
      'acl:',
      '  - id: ours',
      `    key: ${key.name}`,
      '    action: update',
      'zone:',
      `  - domain: ${ZONE}`,
      `    storage: "${folder}"`,
      '    file: zone.db',
      ...(included === undefined
        ? []
        : [
            '    zonefile-load: difference-no-serial',
            '    journal-content: all',
            '    zonefile-sync: -1',
          ]),
      '    acl: ours',
      '',
    ].join('\n'),
  )
  const child = startChild(KNOTD, ['-c', join(folder, 'knot.conf')], folder)
  const answers = (name: string, type: string) => {
    const owner = name === '@' ? ZONE : `${name}.${ZONE}`
    const args = ['@127.0.0.1', '-p', String(port), '+short', '+time=1', owner, type]
    const out = execFileSync(KDIG ?? '', args, { stdio: 'pipe' }).toString()
    return out
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';'))
      .toSorted()
  }
  await eventually(
    () => `Knot does not serve: ${child.errors()}`,
    async () => {
      try {
        return answers('live', 'A').length > 0
      } catch {
        return false
      }
    },
  )
  return {
    server: `127.0.0.1:${port}`,
    file: join(folder, 'live.inc'),
    /** Makes Knot read the zone again, and waits until it has. */
    reload: [KNOTC ?? 'knotc', '-b', '-s', join(folder, 'knot.sock'), 'zone-reload', ZONE],
    answers,
    /** Lines of knsupdate. */
    update(...lines: readonly string[]) {
      const script = [`server 127.0.0.1 ${port}`, `zone ${ZONE}.`, ...lines, 'send', ''].join('\n')
      const given = `${key.algorithm}:${key.name}:${key.secret.toString('base64')}`
      execFileSync(KNSUPDATE ?? '', ['-y', given], { input: script, stdio: 'pipe' })
    },
    async close() {
      await child.kill()
      rmSync(folder, { recursive: true })
    },
  }
}
