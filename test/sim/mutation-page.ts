import { mostSpecific } from './mutation-verdict.ts'

/** What came of one mutation. */
export interface MutationResult {
  readonly name: string
  /** Tests that noticed it; where a unit did, or the simulation, whole worlds were not asked. */
  readonly tests: readonly string[]
  /** What the simulation says; `''` is nothing, `undefined` is not asked. */
  readonly simulation: string | undefined
  /** Why it proves nothing, or what ran out of time. */
  readonly trouble: string
}

/** The page of the mutations that ran, with the names of those that did not. */
export function mutationPage(
  ran: readonly MutationResult[],
  left: readonly string[],
  { seeds, minutes }: { readonly seeds: string; readonly minutes: string },
): string {
  const all = ran.map(({ tests }) => tests)
  const rows = ran.map(({ name, tests, simulation, trouble }) => [
    name,
    cell(mostSpecific(tests, all) ?? '–') + (trouble === '' ? '' : ` (${cell(trouble)})`),
    simulation === undefined ? '' : cell(simulation || '–'),
  ])
  const missed = ran.filter(({ tests, simulation = '' }) => tests.length === 0 && simulation === '')
  const sum = `Of ${ran.length + left.length} mutations ${ran.length} ran for this page; ${ran.length - missed.length} were noticed.`
  const owed = missed.map(({ name }) => name).join('; ')
  return `# Mutations: does anything notice?

Each line that safety hangs on is taken out of a copy of the source, one at a time. First the unit
tests of the decision core run, all of them; where none says anything the simulation
(${seeds} seeds of ${minutes} virtual minutes, until the first violation); where that says nothing either the
scenarios, which are whole worlds in virtual time, until the first that fails. Of several unit tests the
table names the one that notices the fewest mutations.

Only an assertion that fails counts. A test that runs out of time notices nothing, however often it
is run, for a busy machine looks the same; nor does a mutated source that does not load. \`–\` is nobody.

Measured with \`npm run mutations\`, which writes this page anew and first proves that nothing fails
without a mutation; \`-- --both\` asks the simulation and the tests about every one, \`-- --only 'guard: hold|evidence'\`
about some, \`-- --within 30\` begins none after 30 minutes.

The numbers are those of the invariants in [safety.md](safety.md). A seed is replayed with
\`npm run sim -- --from SEED --seeds 1 --minutes ${minutes} --verbose\`, on the mutated source.

${sum}
${owed === '' ? '' : `\nNobody noticed, and a scenario is still owed: ${owed}.\n`}
${table([['what was taken out', 'test that noticed', 'simulation'], ...rows])}
${left.length === 0 ? '' : `\nNot run for this page: ${left.join('; ')}.\n`}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160)
}

/** A table as the formatter leaves it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
