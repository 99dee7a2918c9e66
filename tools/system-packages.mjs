// The real servers that tests run against, as Debian packages: the one list of them.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { say } from './workspace.mjs'

/** Debian package, the program (or file, from its folder) that shows that it is there, and what for. */
const packages = [
  { name: 'ffmpeg', program: 'ffmpeg', for: 'real encoders and a second opinion on media' },
  { name: 'nginx', program: 'nginx', for: 'a real origin and edge' },
  {
    name: 'libnginx-mod-rtmp',
    program: '../lib/nginx/modules/ngx_rtmp_module.so',
    for: 'the rtmp probe against a real ingest',
  },
  {
    name: 'libnginx-mod-stream',
    program: '../lib/nginx/modules/ngx_stream_module.so',
    for: 'RTMP over TLS',
  },
  { name: 'haproxy', program: 'haproxy', for: 'the haproxy actuators' },
  { name: 'caddy', program: 'caddy', for: 'the caddy actuator' },
  { name: 'keepalived', program: 'keepalived', for: 'the keepalived actuator' },
  { name: 'iproute2', program: 'ip', for: 'two machines on one wire, as network namespaces' },
  { name: 'chromium', program: 'chromium', for: 'the status page in a real browser' },
  { name: 'srt-tools', program: 'srt-live-transmit', for: 'the srt probe' },
  { name: 'openssl', program: 'openssl', for: 'certificates for tests over TLS' },
  {
    name: 'bind9',
    program: 'named',
    for: 'the dns probe and the rfc2136 actuator against a real primary and secondary',
  },
  { name: 'bind9-dnsutils', program: 'nsupdate', for: 'changes of DNS records in those tests' },
  { name: 'knot', program: 'knotd', for: 'the rfc2136 actuator against a second name server' },
  { name: 'knot-dnsutils', program: 'knsupdate', for: 'changes of DNS records at that one' },
  { name: 'obs-studio', program: 'obs', for: 'the obs actuator' },
  { name: 'xvfb', program: 'Xvfb', for: 'a display for OBS' },
  { name: 'unbound', program: 'unbound', for: 'what a caching resolver sees of a change' },
  { name: 'pdns-server', program: 'pdns_server', for: 'the powerdns actuator' },
  {
    name: 'pdns-backend-sqlite3',
    program: '../share/pdns-backend-sqlite3/schema/schema.sqlite3.sql',
    for: 'its zones in those tests',
  },
  { name: 'prometheus', program: 'promtool', for: 'checks of metrics and alerting rules' },
  {
    name: 'prometheus-alertmanager',
    program: 'prometheus-alertmanager',
    for: 'the alertmanager notifier',
  },
  { name: 'opensmtpd', program: 'smtpd', for: 'the email notifier against a real mail server' },
]

/** Debian keeps daemons where the PATH of ordinary users does not look. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** While this file says 101, Debian starts no daemon of a package that is being installed. */
const policyFile = '/usr/sbin/policy-rc.d'

/**
 * Installs the missing packages where we may (Debian, root), and otherwise says which are missing.
 * It never fails: tests whose server is missing are skipped and say so.
 */
export function ensureSystemPackages() {
  const missing = packages.filter(({ program }) => !isPresent(program))
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  if (!isPresent('apt-get') || process.getuid?.() !== 0) {
    return report(missing, `as root: apt-get install ${names.join(' ')}`)
  }
  say(`Installing Debian packages for tests against real servers: ${names.join(' ')} ...`)
  const isOurPolicy = !existsSync(policyFile)
  if (isOurPolicy) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    if (!aptInstall(names)) {
      apt(['update'])
      // One at a time, so that a package which is missing here costs only its own tests.
      if (!aptInstall(names)) for (const name of names) aptInstall([name])
    }
  } finally {
    if (isOurPolicy) rmSync(policyFile, { force: true })
  }
  const still = missing.filter(({ program }) => !isPresent(program))
  if (still.length > 0) report(still, 'apt-get could not install them; see its messages by hand')
}

function report(missing, how) {
  say('Some tests need programs that are missing here; they are skipped:')
  for (const { name, for: purpose } of missing) say(`  ${name}: ${purpose}`)
  say(`  To have them, ${how}`)
}

function aptInstall(names) {
  return apt(['install', '--yes', '--quiet', '--no-install-recommends', ...names])
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const lock = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2']
  const done = spawnSync('apt-get', [...lock, ...args], { env, stdio: 'ignore' })
  return done.status === 0
}

function isPresent(program) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return [...folders, ...systemFolders].some((folder) => existsSync(join(folder, program)))
}
