import type { SeedReport } from '../simulation/seed-report.ts'

/** What all runs together came to, for one group. */
export interface GroupSum {
  readonly group: string
  readonly outage: {
    /** Seconds of bad traffic. */
    readonly seconds: number
    /** Had nobody ever moved anything. */
    readonly untouchedSeconds: number
    /** While every path was bad. */
    readonly unavoidableSeconds: number
  }
  readonly changes: Readonly<Record<string, number>>
  /** Seconds from the first bad moment of a path until its traffic was gone, while it went on being bad. */
  readonly reaction?: {
    readonly count: number
    readonly medianSeconds: number
    readonly worstSeconds: number
  }
}

/** A broken invariant and how to see it again. */
export interface BrokenInvariant {
  readonly invariant: number
  readonly seed: number
  /** Virtual seconds since the run began. */
  readonly atSeconds: number
  readonly says: string
  readonly replay: string
}

/** The result of `simulate`. */
export interface SimulationSum {
  readonly ok: boolean
  readonly configuration: string
  readonly seeds: number
  readonly minutes: number
  readonly groups: readonly GroupSum[]
  readonly violations: readonly BrokenInvariant[]
  readonly failedSeeds: readonly number[]
}

/** Sums the reports of all seeds up. */
export function sumUp(
  reports: readonly SeedReport[],
  { file, minutes }: { readonly file: string; readonly minutes: number },
): SimulationSum {
  const names = reports[0]?.outages.map(({ group }) => group) ?? []
  const violations = reports.flatMap(({ seed, violations: broken }) =>
    broken.map(({ at, invariant, says }): BrokenInvariant => ({
      invariant,
      seed,
      atSeconds: Math.round(at / 1_000),
      says,
      replay: `changeover simulate ${file} --seed ${seed} --minutes ${minutes}`,
    })),
  )
  return {
    ok: violations.length === 0,
    configuration: file,
    seeds: reports.length,
    minutes,
    groups: names.map((name) => groupSum(name, reports)),
    violations,
    failedSeeds: reports.filter((each) => each.violations.length > 0).map(({ seed }) => seed),
  }
}

function groupSum(group: string, reports: readonly SeedReport[]): GroupSum {
  const own = reports.flatMap(({ outages }) => outages.filter((each) => each.group === group))
  const sum = (read: (outage: (typeof own)[number]) => number) =>
    Math.round(own.reduce((all, each) => all + read(each), 0))
  const reactions = own.flatMap(({ reactions: each }) => each).toSorted((a, b) => a - b)
  const changes: Record<string, number> = {}
  for (const report of reports) {
    for (const change of report.changes) {
      if (change.group === group) changes[change.reason] = (changes[change.reason] ?? 0) + 1
    }
  }
  return {
    group,
    outage: {
      seconds: sum((each) => each.seconds),
      untouchedSeconds: sum((each) => each.untouched),
      unavoidableSeconds: sum((each) => each.unavoidable),
    },
    changes,
    ...(reactions.length > 0 && {
      reaction: {
        count: reactions.length,
        medianSeconds: Math.round(reactions[Math.floor(reactions.length / 2)] ?? 0),
        worstSeconds: Math.round(reactions.at(-1) ?? 0),
      },
    }),
  }
}
