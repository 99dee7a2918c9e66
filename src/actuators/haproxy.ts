import { z } from 'zod'
import { perPath } from '../plugin/option-types.ts'
import { sameAllocation, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import type { ExchangeRequest, NetFailure } from '../plugin/net.ts'

/** Names as HAProxy allows them; nothing in them can end a command of the runtime API. */
const haproxyName = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]+$/, 'expected a name of letters, digits and _ . : -')

const options = z
  .strictObject({
    socket: z
      .string()
      .regex(/^\/.+$|^(?:\[[0-9a-fA-F:.]+\]|[^:/\s]+):\d{1,5}$/, {
        error: 'expected the path of a socket, or host:port',
      })
      .refine((text) => text.startsWith('/') || Number(/\d+$/.exec(text)?.[0]) <= 65_535, {
        error: 'expected a port up to 65535',
      })
      .describe('The stats socket of level admin: a path, or host:port.'),
    backend: haproxyName.describe('The backend whose servers are driven.'),
    servers: perPath(haproxyName)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same server',
      })
      .describe('The server of each path of the group.'),
    method: z
      .enum(['weight', 'drain'])
      .default('weight')
      .describe('weight: any share per path. drain: a path serves or it does not.'),
    max_weight: z
      .int()
      .min(1)
      .max(256)
      .default(100)
      .describe('The weight of a path that carries everything; HAProxy knows 0 to 256.'),
  })
  .describe('Servers of one backend, through the runtime API.')

type Options = z.output<typeof options>

/** One server as `show servers state` tells it. */
interface ServerState {
  readonly weight: number
  /** The administrative bits that a person or the configuration sets. */
  readonly admin: number
  /** Whether HAProxy's own check lets it serve. */
  readonly running: boolean
}

/** By server name, the mapped servers only. */
type Servers = ReadonlyMap<string, ServerState>

const stepData = z.strictObject({
  server: haproxyName,
  to: z.union([z.int().min(0).max(256), z.enum(['ready', 'drain'])]),
})

type StepData = z.output<typeof stepData>

/**
 * Bits of `srv_admin_state` (management guide, "show servers state"): forced maintenance 1,
 * maintenance from the configuration 4, forced drain 8. The other bits follow tracked servers and
 * name look-ups by themselves: they are no edit of anybody.
 */
const MAINTENANCE = 1 | 4
const DRAIN = 8

/** `srv_agent_state`: an agent-check is configured and enabled. */
const AGENT_ENABLED = 2 | 4

/** A table of a few thousand servers. */
const MOST_BYTES = 1_048_576

/**
 * Moves traffic between the servers of a HAProxy backend, by runtime weights or by draining.
 *
 * Success and failure of a command are both free text, so every write is read back in the same
 * exchange and judged by the table alone. Runtime state bears no mark and does not survive a
 * reload of HAProxy, unless its configuration loads the server state from a file.
 */
const haproxy: ActuatorPlugin<typeof options> = {
  type: 'haproxy',
  summary: 'Sets weights or drains servers of a HAProxy backend through its runtime API.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: given.method === 'weight' ? 'weights' : 'single',
    mode: 'push',
    reversible: true,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [`the HAProxy stats socket ${given.socket} with level admin`],
  }),
  create: (given, context) => new HaproxyActuator(given, context),
}

export default haproxy

class HaproxyActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #to: ExchangeRequest['to']

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#to = addressOf(given.socket)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { paths } = this.#context
    const lost = paths.find((path) => !Object.hasOwn(this.#options.servers, path))
    if (lost !== undefined) return refused(`servers names no server for path ${lost}`)
    const odd = Object.keys(this.#options.servers).find((path) => !paths.includes(path))
    if (odd !== undefined) return refused(`servers names ${odd}, which is no path of this group`)

    const read = await this.#ask('', signal)
    if ('failure' in read) return { ok: false, retry: true, says: read.failure.says }
    if ('says' in read) return { ok: false, retry: read.retry, says: read.says }
    return { ok: true, observed: this.#observed(read.servers) }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const target = shares(new Map(this.#context.paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    const now = parseVersion(observed.version)
    const raising: Step[] = []
    const lowering: Step[] = []
    for (const path of this.#context.paths) {
      const server = this.#options.servers[path]
      const state = server === undefined ? undefined : now.get(server)
      if (server === undefined || state === undefined) continue
      const step = this.#step(path, server, state, target[path] ?? 0)
      if (step === undefined) continue
      if ((target[path] ?? 0) > (observed.allocation[path] ?? 0)) raising.push(step)
      else lowering.push(step)
    }
    return [...raising, ...lowering]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const parsed = stepData.safeParse(step.data)
    if (!parsed.success) return failed(false, 'the step is not one of this actuator')
    const { server, to } = parsed.data
    const read = await this.#ask('', signal)
    // Nothing was written yet, so whatever failed can be tried again.
    if ('failure' in read) return failed(true, read.failure.says)
    if ('says' in read) return failed(read.retry, read.says)
    const before = read.servers
    const based = parseVersion(version)
    const current = versionOf(before)
    const wanted = versionOf(withEffect(based, parsed.data))
    if (current !== versionOf(based) && current !== wanted) {
      return { result: 'conflict', says: `HAProxy now has ${this.#describe(before)}` }
    }
    const veto = this.#veto(before, parsed.data)
    if (veto !== undefined) return veto
    if (current === wanted) return { result: 'applied', version: current }

    const name = `${this.#options.backend}/${server}`
    const command =
      typeof to === 'number' ? `set weight ${name} ${to}; ` : `set server ${name} state ${to}; `
    const after = await this.#ask(command, signal)
    if ('failure' in after) {
      const { phase, says } = after.failure
      const sent = phase !== 'dns' && phase !== 'connect'
      return sent ? { result: 'unknown', says } : failed(true, says)
    }
    if ('says' in after) return { result: 'unknown', says: after.says }
    const reached = after.servers.get(server)
    if (reached === undefined || !hasReached(reached, to)) {
      return failed(false, `HAProxy did not take it: ${after.answer || 'it gave no reason'}`)
    }
    // Not what the table shows now: an edit of another server in this moment must be a conflict.
    return { result: 'applied', version: wanted }
  }

  /** What forbids a write that the version would allow. */
  #veto(before: Servers, { server, to }: StepData): ApplyResult | undefined {
    const state = before.get(server)
    if (state === undefined) return failed(false, `there is no server ${server}`)
    const serves = to === 'ready' || (typeof to === 'number' && to > 0)
    const closed = this.#options.method === 'weight' ? MAINTENANCE | DRAIN : MAINTENANCE
    if (serves && (state.admin & closed) !== 0) {
      return failed(false, `server ${server} was ${adminWords(state.admin)} by hand; it stays so`)
    }
    if (to === 'ready' && state.weight === 0) {
      return failed(false, `server ${server} has weight 0 and would serve nothing`)
    }
    if (serves || !isServing(state) || !state.running) return undefined
    const others = [...before].filter(([name]) => name !== server)
    if (others.some(([, other]) => isServing(other) && other.running)) return undefined
    return failed(true, `without ${server} no server would be left that HAProxy sees running`)
  }

  #step(path: string, server: string, state: ServerState, share: number): Step | undefined {
    const closed = (state.admin & (MAINTENANCE | DRAIN)) !== 0
    if (this.#options.method === 'drain') {
      const to = share > 0 ? 'ready' : 'drain'
      if (to === 'ready' ? isServing(state) : closed) return undefined
      const says =
        to === 'ready' ? `let server ${server} serve ${path}` : `drain server ${server} of ${path}`
      return { says, data: { server, to } }
    }
    const to = share === 0 ? 0 : Math.max(1, Math.round((share * this.#options.max_weight) / 100))
    // Raising a server that a person took out is a step that apply refuses, not one that is done.
    if (to === state.weight && !(closed && to > 0)) return undefined
    const note = closed && to > 0 ? `, which is ${adminWords(state.admin)}` : ''
    const says = `set weight of server ${server} (${path}) from ${state.weight} to ${to}${note}`
    return { says, data: { server, to } }
  }

  #observed(servers: Servers): Observed {
    const weights = new Map<string, number>()
    for (const path of this.#context.paths) {
      const state = servers.get(this.#options.servers[path] ?? '')
      weights.set(path, state !== undefined && isServing(state) ? state.weight : 0)
    }
    return {
      allocation: shares(weights),
      version: versionOf(servers),
      ours: true,
      says: `HAProxy has ${this.#describe(servers)}`,
    }
  }

  #describe(servers: Servers): string {
    const each = [...servers].map(([name, { weight, admin, running }]) => {
      const by = admin === 0 ? '' : `, ${adminWords(admin)}`
      return `${name} at weight ${weight}${by}${running ? '' : ', down by its own check'}`
    })
    return `${each.join('; ')} in backend ${this.#options.backend}`
  }

  /** Runs `command`, if any, and reads the table in the same connection. */
  async #ask(
    command: string,
    signal: AbortSignal,
  ): Promise<
    | { readonly servers: Servers; readonly answer: string }
    | { readonly retry: boolean; readonly says: string }
    | { readonly failure: NetFailure }
  > {
    const { backend, servers } = this.#options
    const result = await this.#context.net.exchange({
      to: this.#to,
      payload: `${command}show servers state ${backend}\n`,
      // A write is two exchanges, and both must end before the caller stops waiting.
      deadlineMs: this.#context.callTimeoutMs / 2,
      maxBytes: MOST_BYTES,
      signal,
    })
    if (!result.ok) return { failure: result }
    if (result.truncated) return { retry: false, says: `the table of ${backend} is too long` }
    return parseTable(result.body.toString('latin1'), backend, Object.values(servers))
  }
}

/**
 * Reads the answer to `show servers state`: a line with the format's version, one with the names
 * of the columns, then a line for each server. What stands before is the answer to a command.
 */
function parseTable(
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

function isServing(state: ServerState): boolean {
  return state.weight > 0 && state.admin === 0
}

function hasReached(state: ServerState, to: StepData['to']): boolean {
  if (typeof to === 'number') return state.weight === to
  return to === 'ready' ? isServing(state) : (state.admin & DRAIN) !== 0
}

/** The servers as they are after a step. */
function withEffect(servers: Servers, { server, to }: StepData): Servers {
  const state = servers.get(server)
  if (state === undefined) return servers
  const after = { ...state }
  if (typeof to === 'number') after.weight = to
  else after.admin = to === 'ready' ? 0 : state.admin | DRAIN
  return new Map(servers).set(server, after)
}

/** `a=100/0 b=0/8`: weight and administrative bits of each server. Checks of HAProxy are no edit. */
function versionOf(servers: Servers): string {
  return [...servers].map(([name, { weight, admin }]) => `${name}=${weight}/${admin}`).join(' ')
}

function parseVersion(version: string): Servers {
  const servers = new Map<string, ServerState>()
  for (const part of version.split(' ')) {
    const match = /^([^=]+)=(\d+)\/(\d+)$/.exec(part)
    if (match?.[1] === undefined) continue
    servers.set(match[1], { weight: Number(match[2]), admin: Number(match[3]), running: true })
  }
  return servers
}

/** Integers that add up to 100 in the proportions of `weights`; the largest remainders get the rest. */
function shares(weights: ReadonlyMap<string, number>): Allocation {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  const exact = [...weights].map(([path, weight]) => ({
    path,
    share: total === 0 ? 0 : (weight * 100) / total,
  }))
  let left = total === 0 ? 0 : 100 - exact.reduce((sum, { share }) => sum + Math.floor(share), 0)
  const rounded: Record<string, number> = {}
  for (const { path, share } of exact) rounded[path] = Math.floor(share)
  const byRemainder = exact.toSorted((a, b) => (b.share % 1) - (a.share % 1))
  for (const { path, share } of byRemainder) {
    if (left === 0) break
    rounded[path] = Math.floor(share) + 1
    left -= 1
  }
  return rounded
}

function adminWords(admin: number): string {
  return (admin & MAINTENANCE) !== 0 ? 'put in maintenance' : 'drained'
}

function addressOf(socket: string): ExchangeRequest['to'] {
  if (socket.startsWith('/')) return { socket }
  const colon = socket.lastIndexOf(':')
  return { host: socket.slice(0, colon), port: Number(socket.slice(colon + 1)) }
}

function refused(says: string): ObserveResult {
  return { ok: false, retry: false, says }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
