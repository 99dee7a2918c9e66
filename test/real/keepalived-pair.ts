import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, installed, startChild } from './child.ts'

const binary = installed('/usr/sbin/keepalived', '/usr/local/sbin/keepalived')
const ip = installed('/usr/sbin/ip', '/sbin/ip', '/bin/ip')

/** Why there can be no pair here; `undefined` where there can. */
export function whyNoKeepalived(): string | undefined {
  if (binary === undefined) return 'keepalived is not installed'
  if (ip === undefined) return 'ip (iproute2) is not installed'
  try {
    const name = `changeover-try-${process.pid}`
    execFileSync(ip, ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync(ip, ['netns', 'del', name], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'network namespaces cannot be made here'
  }
}

/**
 * Two machines, each a network namespace with a real keepalived, that share the address 192.0.2.100 on
 * a wire between them. `lan-a` has the higher priority.
 */
export async function startKeepalivedPair() {
  if (binary === undefined || ip === undefined) throw new Error('keepalived is not installed')
  const tool = ip
  const run = (...args: string[]) => execFileSync(tool, args, { stdio: 'pipe' }).toString()
  const folder = mkdtempSync(join(tmpdir(), 'changeover-keepalived-'))
  const tag = `${process.pid % 100_000}${Math.floor(performance.now()) % 1_000}`
  const machines = [
    {
      path: 'lan-a',
      space: `chg-${tag}-a`,
      wire: `va${tag}`,
      address: '192.0.2.1/24',
      priority: 150,
    },
    {
      path: 'lan-b',
      space: `chg-${tag}-b`,
      wire: `vb${tag}`,
      address: '192.0.2.2/24',
      priority: 100,
    },
  ] as const
  const [a, b] = machines
  for (const { space } of machines) run('netns', 'add', space)
  run(
    'link',
    'add',
    a.wire,
    'netns',
    a.space,
    'type',
    'veth',
    'peer',
    'name',
    b.wire,
    'netns',
    b.space,
  )
  const children = machines.map(({ path, space, wire, address, priority }) => {
    run('-n', space, 'addr', 'add', address, 'dev', wire)
    run('-n', space, 'link', 'set', 'lo', 'up')
    run('-n', space, 'link', 'set', wire, 'up')
    writeFileSync(join(folder, `${path}.track`), '0\n')
    writeFileSync(
      join(folder, `${path}.conf`),
      [
        // Version 2 knows whole seconds alone (RFC 3768).
        'global_defs { vrrp_version 3 }',
        'track_file changeover {',
        `  file "${join(folder, `${path}.track`)}"`,
        '  weight 1',
        '}',
        'vrrp_instance live {',
        '  state BACKUP',
        `  interface ${wire}`,
        '  virtual_router_id 51',
        `  priority ${priority}`,
        '  advert_int 0.2',
        '  track_file { changeover }',
        '  virtual_ipaddress { 192.0.2.100/24 }',
        '}',
        '',
      ]
        // keepalived wants a line for each word of a block.
        .flatMap((line) => {
          const block = /^( *\w+) \{ (.+) \}$/u.exec(line)
          return block === null ? [line] : [`${block[1]} {`, `    ${block[2]}`, '  }']
        })
        .join('\n'),
    )
    const file = (ending: string) => join(folder, `${path}.${ending}`)
    const args = ['-n', '-l', '-P', '-f', file('conf'), '-p', file('pid'), '-r', file('vrrp.pid')]
    return startChild(tool, ['netns', 'exec', space, binary, ...args], folder)
  })

  const pair = {
    files: Object.fromEntries(machines.map(({ path }) => [path, join(folder, `${path}.track`)])),
    text: (path: string) => readFileSync(join(folder, `${path}.track`), 'utf8'),
    /** Who has the address now. */
    holders: () =>
      machines
        .filter(({ space }) => run('-n', space, '-o', 'addr', 'show').includes('192.0.2.100'))
        .map(({ path }) => path),
    async until(path: string): Promise<void> {
      await eventually(
        () => `the address is with ${pair.holders().join(' and ') || 'nobody'}, not with ${path}`,
        async () => pair.holders().join() === path,
      )
    },
    async close() {
      // SIGTERM gives the address back; the parent takes its children with it.
      for (const child of children) if (child.isRunning()) child.signal('SIGTERM')
      await eventually(
        () => 'keepalived did not end',
        async () => !children.some((child) => child.isRunning()),
      )
      for (const { space } of machines) run('netns', 'del', space)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await pair.until('lan-a')
  } catch (error) {
    await pair.close()
    throw error
  }
  return pair
}
