import { z } from 'zod'
import type { Allocation } from '../../core/allocation.ts'
import type { Path } from '../../config/document.ts'
import { name, whole } from '../../config/fields.ts'
import { nearest } from '../../core/nearest.ts'
import { guardNames } from '../../engine/group/guards.ts'
import { duration } from '../../plugin/option-types.ts'

/** What is asked of a path or of the group at one moment of a scenario. */
export interface ScenarioExpectation {
  readonly atMs: number
  /** Where it stands: `rules/hls.test.yaml:14:9`. */
  readonly place: string
  readonly path?: string
  /** What this vantage says, in place of what quorum makes of all. */
  readonly vantage?: string
  readonly health?: string
  /** Names of all active rules, in any order. */
  readonly rules?: readonly string[]
  readonly pending?: readonly string[]
  readonly diagnosis?: string
  /** A part of the sentence. */
  readonly says?: string
  readonly group?: string
  readonly state?: string
  readonly writes?: number
  readonly active?: string
  /** The weight of every path; one that is not named has none. */
  readonly weights?: Allocation
  /** The guard, or the reason before any guard, that keeps traffic where it is; `none`. */
  readonly veto?: string
}

const healths = ['up', 'degraded', 'contested', 'down', 'unknown'] as const
/** Those that a group can be in where every write is applied at once and nobody holds it. */
const states = ['OBSERVE', 'STEADY', 'ALL-DOWN', 'BLIND', 'EVALUATE', 'RAMP', 'FROZEN'] as const
const vetoes = ['none', 'evidence', 'target', 'panic', ...guardNames]

const ofPath = ['vantage', 'health', 'rules', 'pending', 'diagnosis'] as const
const ofGroup = ['state', 'writes', 'active', 'weights', 'veto'] as const

/** One entry of `expect`. */
export const expectation = z.strictObject({
  at: duration('0s', '7d'),
  path: name().optional(),
  vantage: name().optional(),
  health: z.enum(healths).optional(),
  rules: z.array(z.string()).optional(),
  pending: z.array(z.string()).optional(),
  diagnosis: z.string().optional(),
  says: z.string().optional(),
  group: z.string().optional(),
  state: z.enum(states).optional(),
  writes: whole(0, 1_000_000).optional(),
  active: name().optional(),
  weights: z.record(name(), whole(0, 100)).optional(),
  veto: z.enum(vetoes).optional(),
})

type Expected = z.output<typeof expectation>

/** What expectations may name. */
export interface Nameable {
  /** Paths that something is given for, and those of the group in its order. */
  readonly given: ReadonlySet<string>
  readonly paths: readonly string[]
  readonly vantages: ReadonlySet<string>
}

type Refuse = (path: Path, says: string, atKey?: boolean) => void

/** Refuses what an expectation cannot ask for: it would hold, or fail, whatever happens. */
export function checkExpectations(all: readonly Expected[], known: Nameable, refuse: Refuse): void {
  const first = all.find((each) => each.group !== undefined)?.group
  for (const [index, each] of all.entries()) {
    const at = ['expect', index]
    const { path, vantage, group, active, weights = {} } = each
    if ((path === undefined) === (group === undefined)) {
      refuse(at, 'expected either a path or a group to be named')
      continue
    }
    const strange = path === undefined ? ofPath : ofGroup
    const mine = path === undefined ? ofGroup : ofPath
    for (const key of strange.filter((word) => each[word] !== undefined)) {
      const [asked, named] = path === undefined ? ['path', 'group'] : ['group', 'path']
      refuse([...at, key], `is asked of a ${asked}, and this names a ${named}`, true)
    }
    if (
      each.says === undefined &&
      mine.every((word) => word === 'vantage' || each[word] === undefined)
    ) {
      refuse(at, `expects nothing of ${path ?? group}; known: says, ${mine.join(', ')}`)
    }
    if (path !== undefined && !known.given.has(path)) {
      refuse([...at, 'path'], `nothing is given for this path${suggestion(path, known.given)}`)
    }
    if (vantage !== undefined && !known.vantages.has(vantage)) {
      refuse([...at, 'vantage'], `unknown vantage${suggestion(vantage, known.vantages)}`)
    }
    if (group !== undefined) checkGroup(group, first, (says) => refuse([...at, 'group'], says))
    const isStranger = (word: string) => !known.paths.includes(word)
    const stranger = (word: string) => `the group has no such path${suggestion(word, known.paths)}`
    if (active !== undefined && isStranger(active)) refuse([...at, 'active'], stranger(active))
    for (const word of Object.keys(weights).filter((each) => isStranger(each))) {
      refuse([...at, 'weights', word], stranger(word), true)
    }
  }
}

function checkGroup(
  group: string,
  first: string | undefined,
  refuse: (says: string) => void,
): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}\/[a-z0-9][a-z0-9-]{0,62}$/u.test(group)) {
    refuse('expected <stream>/<group>, such as channel-1/cdn')
  } else if (group !== first) {
    refuse(`a test has one group, and this one has ${first}`)
  }
}

function suggestion(word: string, known: Iterable<string>): string {
  const guess = nearest(word, known)
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}
