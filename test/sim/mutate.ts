import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { MutatedCopy } from './mutated-copy.ts'
import { mutations } from './mutation-list.ts'
import type { Mutation } from './mutations/mutation.ts'
import { mutationPage, type MutationResult } from './mutation-page.ts'
import type { Verdict } from './mutation-verdict.ts'

/**
 * Takes one safety line at a time out of a copy of the source, and tells which test or which seed of
 * the simulation notices. Prints what it finds as it goes, writes the page at the end; exits 1 where
 * nothing noticed, where a mutation proves nothing, or where one did not run.
 */

const { values } = parseArgs({
  options: {
    // Parts of names, with | in between.
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '60' },
    minutes: { type: 'string', default: '20' },
    write: { type: 'string' },
    // The simulation runs for every mutation, not only for those that no test noticed.
    both: { type: 'boolean', default: false },
    // Copies that are worked on at the same time.
    jobs: { type: 'string', default: '2' },
    // Seconds that one test may take. Running out of time never counts as noticing.
    'test-seconds': { type: 'string', default: '180' },
    // No mutation begins after so many minutes; the page names those that did not run.
    within: { type: 'string', default: '600' },
  },
})

const parts = values.only.split('|')
const chosen = mutations.filter(({ name }) => parts.some((part) => name.includes(part)))
const results = new Map<Mutation, MutationResult>()
const end = process.hrtime.bigint() + BigInt(Number(values.within) * 60) * 1_000_000_000n
const copies = Array.from(
  { length: Number(values.jobs) },
  () => new MutatedCopy(Number(values['test-seconds']) * 1_000),
)

try {
  await proveQuiet(copies[0])
  const waiting = chosen.values()
  await Promise.all(copies.map((copy) => work(copy, waiting)))
} finally {
  for (const copy of copies) copy.remove()
}
const ran = chosen.flatMap((mutation) => results.get(mutation) ?? [])
const left = chosen.filter((mutation) => !results.has(mutation)).map(({ name }) => name)
if (values.write !== undefined) {
  writeFileSync(
    values.write,
    mutationPage(ran, left, { seeds: values.seeds, minutes: values.minutes }),
  )
}
const noticed = ran.filter((result) => result.tests.length > 0 || isSeen(result))
process.stdout.write(`${noticed.length} of ${ran.length} mutations were noticed\n`)
if (left.length > 0) process.stdout.write(`not run: ${left.join('; ')}\n`)
process.exitCode = noticed.length < chosen.length ? 1 : 0

function isSeen({ simulation = '' }: MutationResult): boolean {
  return simulation !== ''
}

/** What fails without any mutation proves nothing of one. */
async function proveQuiet(copy: MutatedCopy | undefined): Promise<void> {
  const verdicts = copy === undefined ? [] : [await copy.units(), await copy.worlds()]
  const wrong = verdicts.flatMap(({ noticed, late, broken }) => [...noticed, ...late, ...broken])
  if (wrong.length > 0) throw new Error(`without any mutation this fails: ${wrong.join('; ')}`)
}

async function work(copy: MutatedCopy, waiting: Iterator<Mutation>): Promise<void> {
  while (process.hrtime.bigint() < end) {
    const { value: mutation, done } = waiting.next()
    if (done === true) return
    // One at a time per copy: they are made in the same files.
    // eslint-disable-next-line no-await-in-loop
    const result = await judge(copy, mutation)
    results.set(mutation, result)
    const { name, tests, simulation, trouble } = result
    const says = [tests[0] ?? '–', ...(simulation === undefined ? [] : [simulation || '–'])]
    process.stdout.write(`${name}: ${says.join(' | ')}${trouble === '' ? '' : ` (${trouble})`}\n`)
  }
}

async function judge(copy: MutatedCopy, mutation: Mutation): Promise<MutationResult> {
  const { name } = mutation
  const result = await copy.with(mutation, async () => {
    const first = await copy.units()
    const isNoticed = first.noticed.length > 0
    if (first.broken.length > 0 || (isNoticed && !values.both)) {
      return { name, tests: first.noticed, simulation: undefined, trouble: troubleOf(first) }
    }
    const simulation = await copy.simulate(values.seeds, values.minutes)
    const isAsked = !isNoticed && (simulation === '' || values.both)
    const { noticed: tests, ...verdict } = isAsked ? await copy.worlds() : first
    return { name, tests, simulation, trouble: troubleOf({ ...verdict, noticed: tests }) }
  })
  const trouble = `its line does not stand once in ${mutation.file}`
  return result ?? { name, tests: [], simulation: undefined, trouble }
}

function troubleOf({ noticed: tests, late, broken }: Verdict): string {
  if (broken.length > 0) return `the mutated source does not load: ${broken[0] ?? ''}`
  if (late.length > 0 && tests.length === 0)
    return `out of time, which counts for nothing: ${late[0] ?? ''}`
  return ''
}
