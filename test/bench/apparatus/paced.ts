/** What `work` does in a second: units of work and the seconds that they took, for several runs. */
export interface Contender {
  readonly name: string
  /** Does some work and says how many units it was; about a hundred milliseconds' worth or less. */
  readonly work: () => number
}

/**
 * Units per second of every contender, one figure for each run. Contenders take turns within a run,
 * so that whatever else the machine does hits all of them; ratios belong within one run.
 */
export function takeTurns(
  contenders: readonly Contender[],
  runs: number,
  seconds: number,
): ReadonlyMap<string, readonly number[]> {
  const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (const { work } of contenders) forAbout(seconds / 2, work)
  for (let run = 0; run < runs; run += 1) {
    for (const { name, work } of contenders) rates.get(name)?.push(forAbout(seconds, work))
  }
  return rates
}

/** Units of work per second of this process's CPU time, which another process cannot take away. */
function forAbout(seconds: number, work: () => number): number {
  const before = process.cpuUsage()
  let units = 0
  for (;;) {
    units += work()
    const { user, system } = process.cpuUsage(before)
    const spent = (user + system) / 1e6
    if (spent >= seconds) return units / spent
  }
}
