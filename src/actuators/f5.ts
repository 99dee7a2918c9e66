import { z } from 'zod'
import { sameAllocation, sharesOf, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { unreadable, unwritten, type CallFailure } from '../plugin/call-failure.ts'
import { perPath, secretUrl } from '../plugin/option-types.ts'
import { weightsVersion, weightsVersionAfter } from '../plugin/weights-version.ts'
import { BigIp } from './f5/big-ip.ts'
import {
  describeMembers,
  member,
  pool,
  readMembers,
  stateOf,
  type MemberState,
} from './f5/members.ts'

/** `/Common/live`, or deeper; nothing in it can leave its place in a URL. */
const fullPath = /^(?:\/[\w.:%-]+){2,}$/u

const options = z
  .strictObject({
    url: secretUrl('https', 'http').describe('The management address: `https://bigip.example`.'),
    username: z.string().min(1).max(128).describe('A user with the role Operator or Manager.'),
    password: z.string().min(1).max(256).describe('Its password.'),
    login_provider: z
      .string()
      .regex(/^[\w.-]{1,64}$/u, 'expected the name of a login provider')
      .default('tmos')
      .describe('Who checks the password; tmos is what the device itself is set to.'),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe("PEM certificates to trust in place of the system's, read at each request."),
    pool: z
      .string()
      .regex(fullPath, 'expected a full path, such as /Common/live')
      .describe('The pool, by its full path.'),
    members: perPath(
      z.string().regex(fullPath, 'expected a full path, such as /Common/192.0.2.10:443'),
    )
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same member',
      })
      .describe('The member of each path, by its full path.'),
    method: z
      .enum(['ratio', 'session'])
      .default('ratio')
      .describe('ratio: any share per path. session: a member is enabled or disabled.'),
  })
  .describe('Members of one pool of an F5 BIG-IP, through iControl REST.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ path: z.string().min(1), value: z.int().min(0).max(100) })

/**
 * Moves traffic between members of a BIG-IP pool, by their ratios or by enabling and disabling them.
 * A ratio of 0 does not exist: such a member is disabled, which lets its connections end by
 * themselves. One that a person forced offline stays so.
 */
const f5: ActuatorPlugin<typeof options> = {
  type: 'f5',
  summary: 'Sets ratios of, or enables and disables, members of an F5 BIG-IP pool.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: ({ method, pool: name }) => ({
    shape: method === 'ratio' ? 'weights' : 'single',
    mode: 'push',
    reversible: true,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [`a BIG-IP user that may read and modify members of pool ${name}`],
  }),
  create: (given, context) => new F5Actuator(given, context),
}

export default f5

class F5Actuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #device: BigIp

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#device = new BigIp(given, context)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(this.#context.callTimeoutMs, signal)
    if ('ok' in read) return unreadable(read)
    if ('says' in read) return { ok: false, retry: false, says: read.says }
    return {
      ok: true,
      observed: {
        allocation: sharesOf(valuesOf(read)),
        version: this.#version(read),
        // Members bear no mark; what is switched is named in the configuration.
        ours: true,
        says: `BIG-IP has ${describeMembers(read, this.#options.method)} in pool ${this.#options.pool}`,
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const { members, method } = this.#options
    const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    const steps = paths.flatMap((path): { raise: boolean; step: Step }[] => {
      const now = observed.allocation[path] ?? 0
      const value = target[path] ?? 0
      const isSame = method === 'ratio' ? now === value : now > 0 === value > 0
      // A ratio only means something beside the others: those that keep their share are set too.
      if (isSame && (method === 'session' || value === 0)) return []
      const says =
        value === 0
          ? `disable member ${members[path]} (${path})`
          : method === 'ratio'
            ? `set the ratio of member ${members[path]} (${path}) to ${value} and enable it`
            : `enable member ${members[path]} (${path})`
      const data = { path, value: method === 'ratio' || value === 0 ? value : 100 }
      return [{ raise: value > now, step: { says, data } }]
    })
    // Raised before lowered: at no moment is there none.
    return [
      ...steps.filter(({ raise }) => raise).map(({ step }) => step),
      ...steps.filter(({ raise }) => !raise).map(({ step }) => step),
    ]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, paths } = this.#context
    const { members, method, pool: name } = this.#options
    const parsed = stepData.safeParse(step.data)
    if (!parsed.success || !paths.includes(parsed.data.path)) {
      return failed(false, 'the step is not one of this actuator')
    }
    const { path, value } = parsed.data
    const read = await this.#read(callTimeoutMs / 2, signal)
    if ('ok' in read) return failed(read.retry, read.says)
    if ('says' in read) return failed(false, read.says)
    const current = this.#version(read)
    const values = new Map([...valuesOf(read), [path, value]])
    const wanted = weightsVersionAfter(current, values, paths)
    if (current !== version && current !== wanted) {
      return { result: 'conflict', says: `BIG-IP now has ${describeMembers(read, method)}` }
    }
    const veto = vetoOf(read, path, value)
    if (veto !== undefined) return veto
    if (current === wanted) return { result: 'applied', version: current }
    const answer = await this.#device.call(
      {
        method: 'PATCH',
        path: `/mgmt/tm/ltm/pool/${inUrl(name)}/members/${inUrl(members[path] ?? '')}`,
        body:
          value === 0
            ? { session: 'user-disabled' }
            : { ...(method === 'ratio' && { ratio: value }), session: 'user-enabled' },
      },
      member,
      callTimeoutMs / 2,
      signal,
    )
    if (!answer.ok) return unwritten(answer)
    const after = new Map([...read, [path, stateOf(answer.value, method)]])
    if (wanted === undefined || this.#version(after) !== wanted) {
      return { result: 'unknown', says: `BIG-IP answered ${describeMembers(after, method)}` }
    }
    return { result: 'applied', version: wanted }
  }

  #version(members: ReadonlyMap<string, MemberState>): string {
    const rest = [...members.values()].map(({ fullPath: name, forced }) => [name, forced])
    return weightsVersion(valuesOf(members), this.#context.paths, rest)
  }

  async #read(
    ms: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, MemberState> | { readonly says: string } | CallFailure> {
    const answer = await this.#device.call(
      {
        method: 'GET',
        path: `/mgmt/tm/ltm/pool/${inUrl(this.#options.pool)}?expandSubcollections=true`,
      },
      pool,
      ms,
      signal,
    )
    if (!answer.ok) return answer
    return readMembers(answer.value, this.#options, this.#context.paths)
  }
}

/** What forbids a write that the version would allow. */
function vetoOf(
  members: ReadonlyMap<string, MemberState>,
  path: string,
  value: number,
): ApplyResult | undefined {
  const own = members.get(path)
  if (value > 0) {
    if (own?.forced !== true) return undefined
    return failed(false, `member ${own.fullPath} was forced offline by hand; it stays so`)
  }
  const carries = ({ value: has, up }: MemberState) => has > 0 && up
  const others = [...members].filter(([name]) => name !== path).map(([, state]) => state)
  if (others.some(carries) || own === undefined || !carries(own)) return undefined
  return failed(true, `without ${own.fullPath} no member would be left that BIG-IP sees up`)
}

function valuesOf(members: ReadonlyMap<string, MemberState>): Map<string, number> {
  return new Map([...members].map(([path, { value }]) => [path, value]))
}

/** `~Common~live` for `/Common/live`, as iControl REST names an object in a URL. */
function inUrl(path: string): string {
  return encodeURIComponent(path.replaceAll('/', '~')).replaceAll('%3A', ':')
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
