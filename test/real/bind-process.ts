import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TsigKey } from '../../src/formats/dns/tsig.ts'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

const NAMED = installed('/usr/sbin/named', '/usr/local/sbin/named', '/opt/homebrew/sbin/named')
const NSUPDATE = installed('/usr/bin/nsupdate', '/usr/local/bin/nsupdate')
const DIG = installed('/usr/bin/dig', '/usr/local/bin/dig')

/** The version of the BIND that is installed here; `undefined` where it, or nsupdate, is not. */
export function bindVersion(): string | undefined {
  if (NAMED === undefined || NSUPDATE === undefined || DIG === undefined) return undefined
  return /BIND (\S+)/u.exec(execFileSync(NAMED, ['-v']).toString())?.[1]
}

/** The zone that is served, and where. */
const ZONE = 'changeover.test'

/**
 * A real primary and secondary for `changeover.test` on loopback, each in its own folder. The
 * primary takes dynamic updates and notifies at once; the secondary can be told to be deaf to it.
 */
export async function startBind(
  options: {
    readonly isSecondaryDeaf?: boolean
    /** The primary takes updates of nobody but the holders of this key. */
    readonly key?: TsigKey
    /** `notify-delay` in seconds; BIND itself waits five. */
    readonly notifyDelay?: number
  } = {},
) {
  if (NAMED === undefined) throw new Error('BIND is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bind-'))
  const [first, second] = [await freePort(), await freePort()]
  const primary = startNamed(
    NAMED,
    join(folder, 'primary'),
    first,
    [
      `zone "${ZONE}" {`,
      '  type primary;',
      '  file "zone.db";',
      '  notify explicit;',
      `  also-notify { 127.0.0.1 port ${second}; };`,
      `  allow-update { ${options.key === undefined ? '127.0.0.1' : `key ${options.key.name}`}; };`,
      '};',
      ...keyLines(options.key),
    ],
    options.notifyDelay,
  )
  const isServing = (port: number) => {
    try {
      return dig(port, 'live', 'A').length > 0
    } catch {
      return false
    }
  }
  const serving = async (port: number, child: { errors(): string }) =>
    await eventually(
      () => `BIND does not serve: ${child.errors()}`,
      async () => isServing(port),
    )
  // A secondary whose first transfer fails waits long before the next.
  await serving(first, primary)
  const secondary = startNamed(NAMED, join(folder, 'secondary'), second, [
    `zone "${ZONE}" {`,
    '  type secondary;',
    '  file "zone.db";',
    `  primaries { 127.0.0.1 port ${first}; };`,
    // Notices of a port that is no primary's are refused otherwise; of none, where it is deaf.
    `  allow-notify { ${options.isSecondaryDeaf === true ? 'none' : '127.0.0.1'}; };`,
    '};',
  ])
  await serving(second, secondary)
  return {
    /** Primary and secondary as the probe takes them. */
    servers: [`127.0.0.1:${first}`, `127.0.0.1:${second}`],
    /** Lines of nsupdate, applied by the primary at once. */
    update(...lines: readonly string[]) {
      const script = [`server 127.0.0.1 ${first}`, `zone ${ZONE}`, ...lines, 'send', ''].join('\n')
      const { name, algorithm, secret } = options.key ?? {}
      const key =
        secret === undefined ? [] : ['-y', `${algorithm}:${name}:${secret.toString('base64')}`]
      execFileSync(NSUPDATE ?? '', key, { input: script })
    },
    /** What the primary answers: a line for each record, sorted. */
    answers: (name: string, type: string) => dig(first, name, type).toSorted(),
    primary,
    secondary,
    async close() {
      await Promise.all([primary.kill(), secondary.kill()])
      rmSync(folder, { recursive: true })
    },
  }
}

/** The answer section as dig gives it. */
function dig(port: number, name: string, type: string): readonly string[] {
  const args = ['@127.0.0.1', '-p', String(port), '+short', '+time=1', '+tries=1']
  const out = execFileSync(DIG ?? '', [...args, `${name}.${ZONE}`, type], {
    stdio: 'pipe',
  }).toString()
  return out.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
}

function keyLines(key: TsigKey | undefined): string[] {
  if (key === undefined) return []
  const { name, algorithm, secret } = key
  return [`key "${name}" { algorithm ${algorithm}; secret "${secret.toString('base64')}"; };`]
}

function startNamed(
  binary: string,
  folder: string,
  port: number,
  zone: readonly string[],
  notifyDelay = 0,
) {
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'named.conf'),
    [
      'options {',
      `  directory "${folder}";`,
      `  pid-file "${folder}/named.pid";`,
      `  session-keyfile "${folder}/session.key";`,
      '  managed-keys-directory ".";',
      `  listen-on port ${port} { 127.0.0.1; };`,
      '  listen-on-v6 { none; };',
      '  recursion no;',
      '  dnssec-validation no;',
      `  notify-delay ${notifyDelay};`,
      '  allow-transfer { 127.0.0.1; };',
      '};',
      'controls { };',
      ...zone,
      '',
    ].join('\n'),
  )
  if (zone.some((line) => line.includes('type primary'))) {
    writeFileSync(
      join(folder, 'zone.db'),
      [
        '$TTL 30',
        `@ IN SOA ns1.${ZONE}. root.${ZONE}. 1 3600 3600 86400 30`,
        `@ IN NS ns1.${ZONE}.`,
        'ns1 IN A 127.0.0.1',
        'live IN A 192.0.2.1',
        'alias IN CNAME edge.cdn.test.',
        // Too many for one datagram, and fewer than the 100 that BIND takes.
        ...Array.from({ length: 90 }, (_, index) => `many IN A 198.51.100.${index}`),
        '',
      ].join('\n'),
    )
  }
  return startChild(binary, ['-g', '-c', join(folder, 'named.conf')], folder)
}
