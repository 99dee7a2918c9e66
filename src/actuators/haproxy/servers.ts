/** One server as `show servers state` tells it. */
export interface ServerState {
  readonly weight: number
  /** The administrative bits that a person or the configuration sets. */
  readonly admin: number
  /** Whether HAProxy's own check lets it serve. */
  readonly running: boolean
}

/** By server name, the mapped servers only. */
export type Servers = ReadonlyMap<string, ServerState>

/** One server and what is set: a weight from 0 to 256, or whether it serves. */
export interface ServerWrite {
  readonly server: string
  readonly to: number | 'ready' | 'drain'
}

/**
 * Bits of `srv_admin_state` (management guide, "show servers state"): forced maintenance 1,
 * maintenance from the configuration 4, forced drain 8. The other bits follow tracked servers and
 * name look-ups by themselves: they are no edit of anybody.
 */
export const MAINTENANCE = 1 | 4
export const DRAIN = 8

/** `srv_agent_state`: an agent-check is configured and enabled. */
const AGENT_ENABLED = 2 | 4

/**
 * Reads the answer to `show servers state`: a line with the format's version, one with the names
 * of the columns, then a line for each server. What stands before is the answer to a command.
 */
export function parseTable(
  text: string,
  backend: string,
  names: readonly string[],
):
  | { readonly servers: Servers; readonly answer: string }
  | { readonly retry: boolean; readonly says: string } {
  const lines = text.split('\n')
  const head = lines.findIndex((line) => line.startsWith('# be_id '))
  const answer = lines
    .slice(0, Math.max(0, head < 0 ? lines.length : head - 1))
    .filter((line) => line !== '')
    .join(' ')
    .slice(0, 200)
  if (head < 0) {
    return { retry: answer === '', says: `HAProxy gave no table: ${answer || 'an empty answer'}` }
  }
  if (lines[head - 1] !== '1') {
    return { retry: false, says: `format ${lines[head - 1]} of the server table is not known` }
  }
  // Without the empty line at its end the table was cut off.
  if (!text.endsWith('\n\n')) return { retry: true, says: 'the server table was cut off' }
  const columns = lines[head]?.slice(2).split(' ') ?? []
  const at = (name: string) => columns.indexOf(name)
  const found = new Map<string, readonly string[]>()
  for (const line of lines.slice(head + 1)) {
    const row = line.split(' ')
    if (row[at('be_name')] === backend) found.set(row[at('srv_name')] ?? '', row)
  }
  const servers = new Map<string, ServerState>()
  for (const name of names) {
    const row = found.get(name)
    if (row === undefined) return { retry: false, says: `backend ${backend} has no server ${name}` }
    const number = (column: string) => Number.parseInt(row[at(column)] ?? '', 10)
    const weight = number('srv_uweight')
    const admin = number('srv_admin_state')
    const operational = number('srv_op_state')
    if (Number.isNaN(weight + admin + operational)) {
      return { retry: false, says: `the server table of ${backend} lacks a column` }
    }
    if ((number('srv_agent_state') & AGENT_ENABLED) === AGENT_ENABLED) {
      const says = `server ${name} has an agent-check, which would undo what is set here`
      return { retry: false, says }
    }
    // 1 is starting and 2 running; 0 is stopped and 3 about to stop by its own check.
    const running = operational === 1 || operational === 2
    servers.set(name, { weight, admin: admin & (MAINTENANCE | DRAIN), running })
  }
  return { servers, answer }
}

export function isServing(state: ServerState): boolean {
  return state.weight > 0 && state.admin === 0
}

export function isCarrying(state: ServerState): boolean {
  return isServing(state) && state.running
}

export function parseWrites(text: string): ServerWrite[] {
  return text.split(' ').map((part) => {
    const [server = '', to = ''] = part.split('=')
    return { server, to: to === 'ready' || to === 'drain' ? to : Number(to) }
  })
}

export function hasReached(servers: Servers, { server, to }: ServerWrite): boolean {
  const state = servers.get(server)
  if (state === undefined) return false
  if (typeof to === 'number') return state.weight === to
  return to === 'ready' ? isServing(state) : (state.admin & DRAIN) !== 0
}

/** The servers as they are after all of these writes. */
export function withEffects(servers: Servers, writes: readonly ServerWrite[]): Servers {
  const after = new Map(servers)
  for (const { server, to } of writes) {
    const state = after.get(server)
    if (state === undefined) continue
    if (typeof to === 'number') after.set(server, { ...state, weight: to })
    else after.set(server, { ...state, admin: to === 'ready' ? 0 : state.admin | DRAIN })
  }
  return after
}

/** `a=100/0 b=0/8`: weight and administrative bits of each server. Checks of HAProxy are no edit. */
export function versionOf(servers: Servers): string {
  return [...servers].map(([name, { weight, admin }]) => `${name}=${weight}/${admin}`).join(' ')
}

export function parseVersion(version: string): Servers {
  const servers = new Map<string, ServerState>()
  for (const part of version.split(' ')) {
    const match = /^([^=]+)=(\d+)\/(\d+)$/.exec(part)
    if (match?.[1] === undefined) continue
    servers.set(match[1], { weight: Number(match[2]), admin: Number(match[3]), running: true })
  }
  return servers
}

export function adminWords(admin: number): string {
  return (admin & MAINTENANCE) !== 0 ? 'put in maintenance' : 'drained'
}
