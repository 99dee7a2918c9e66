import { createHash } from 'node:crypto'
import { z } from 'zod'
import { allTo, sameAllocation, serving, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { perPath } from '../plugin/option-types.ts'

const options = z
  .strictObject({
    files: perPath(
      z
        .string()
        .max(4_096)
        .regex(/^\/[^\0\n]+$/u, 'expected an absolute path'),
    )
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths have the same file',
      })
      .describe(
        'The `track_file` of each path of the group, on this machine. keepalived of that path adds what stands in it to its priority.',
      ),
    penalty: z
      .int()
      .min(1)
      .max(253)
      .default(100)
      .describe(
        'What a path that is out loses of its priority: more than the priorities are apart.',
      ),
  })
  .describe('Who holds a virtual address, by the track files of keepalived.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ path: z.string(), is_in: z.boolean() })

interface TrackFile {
  readonly text: string
  readonly value: number
  readonly isOurs: boolean
}

/**
 * Moves a virtual address (VRRP) between machines: keepalived adds the number in its track file to its
 * priority, and the highest holds the address. A path that serves has 0, any other the penalty. The
 * second line is our mark: keepalived reads the number at the beginning alone (keepalived.conf(5),
 * "track_file"; strtol).
 */
const keepalived: ActuatorPlugin<typeof options> = {
  type: 'keepalived',
  summary: 'Moves a virtual address between machines by the track files of keepalived.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: 'single',
    mode: 'push',
    reversible: true,
    // Three advertisements at the usual interval of one second, and the election (RFC 9568).
    settleMs: 4_000,
    compareAndSet: 'checked',
    permissions: [`write ${Object.values(given.files).join(', ')} and their folders`],
  }),
  create: (given, context) => new KeepalivedActuator(given, context),
}

export default keepalived

class KeepalivedActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(signal)
    if ('says' in read) return { ok: false, ...read }
    return { ok: true, observed: this.#observed(read) }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const chosen = heaviestOf(paths, wanted)
    if (chosen === undefined || sameAllocation(observed.allocation, allTo(chosen, paths))) return []
    const now = valuesOf(observed.version)
    const steps: Step[] = []
    // The address is always somebody's: who gets it is raised before anybody else is lowered.
    if (now.get(chosen) !== 0) {
      const says = `let ${chosen} have the address again (0 in ${this.#options.files[chosen]})`
      steps.push({ says, data: { path: chosen, is_in: true } })
    }
    for (const path of paths) {
      if (path === chosen || (now.get(path) ?? 0) <= -this.#options.penalty) continue
      const says = `lower ${path} by ${this.#options.penalty} in ${this.#options.files[path]}`
      steps.push({ says, data: { path, is_in: false } })
    }
    return steps
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { files } = this.#context
    const parsed = stepData.safeParse(step.data)
    const path = parsed.data?.path ?? ''
    const file = this.#options.files[path]
    if (!parsed.success || file === undefined || files === undefined) {
      return failed(false, 'the step is not one of this actuator')
    }
    const read = await this.#read(signal)
    if ('says' in read) return failed(read.retry, read.says)
    const value = parsed.data.is_in ? 0 : -this.#options.penalty
    const text = `${value}\n# changeover ${this.#context.group} ${path}\n`
    if (read.get(path)?.text === text) return { result: 'applied', version: versionOf(read) }
    if (versionOf(read) !== version) {
      return { result: 'conflict', says: this.#observed(read).says }
    }
    const written = await files.replace(file, text)
    if (!written.ok) return failed(true, written.says)
    const after = new Map(read).set(path, { text, value, isOurs: true })
    return { result: 'applied', version: versionOf(after) }
  }

  async #read(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, TrackFile> | { readonly retry: boolean; readonly says: string }> {
    const { files, group, paths } = this.#context
    if (signal.aborted) return { retry: true, says: 'stopped' }
    if (files === undefined) return { retry: false, says: 'there are no files here' }
    const found = new Map<string, TrackFile>()
    for (const path of paths) {
      const file = this.#options.files[path]
      if (file === undefined) return { retry: false, says: `files names none for path ${path}` }
      const read = await files.read(file, 4_096)
      if (!read.ok) {
        const begin = read.missing ? '; begin with a file that says 0' : ''
        return { retry: !read.missing, says: `${read.says}${begin}` }
      }
      const number = /^\s*[+-]?\d{1,9}(?=\s|$)/u.exec(read.text)?.[0]
      if (number === undefined)
        return { retry: false, says: `${file} does not begin with a number` }
      const isOurs = read.text === `${Number(number)}\n# changeover ${group} ${path}\n`
      found.set(path, { text: read.text, value: Number(number), isOurs })
    }
    return found
  }

  #observed(read: ReadonlyMap<string, TrackFile>): Observed {
    const { paths } = this.#context
    // Between equals the configured priorities decide, which fall in the order of the paths.
    const highest = paths.toSorted((a, b) => (read.get(b)?.value ?? 0) - (read.get(a)?.value ?? 0))
    const list = paths.map((path) => `${path} ${read.get(path)?.value ?? 0}`).join(', ')
    return {
      allocation: allTo(highest[0] ?? '', paths),
      version: versionOf(read),
      ours: [...read.values()].every(({ isOurs }) => isOurs),
      says: `the track files of keepalived have ${list}`,
    }
  }
}

function heaviestOf(paths: readonly string[], wanted: Allocation): string | undefined {
  const on = serving(wanted).filter((path) => paths.includes(path))
  return on.toSorted((a, b) => (wanted[b] ?? 0) - (wanted[a] ?? 0))[0]
}

/** `cdn-a=0/3f0c cdn-b=-100/77aa`: the number, and a digest of all that stands in the file. */
function versionOf(read: ReadonlyMap<string, TrackFile>): string {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)
  return [...read].map(([path, { value, text }]) => `${path}=${value}/${digest(text)}`).join(' ')
}

function valuesOf(version: string): ReadonlyMap<string, number> {
  return new Map(
    version.split(' ').map((part): [string, number] => {
      const [path = '', rest = ''] = part.split('=')
      return [path, Number(rest.split('/')[0])]
    }),
  )
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
