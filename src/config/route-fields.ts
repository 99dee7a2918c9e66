import { z } from 'zod'
import type { NotifierSettings } from '../core/settings.ts'
import { duration } from '../plugin/option-types.ts'
import { entryProblems, periodOf, weeklyPeriod } from './calendar-fields.ts'
import type { Problem } from './document.ts'
import { name } from './fields.ts'

/** A route as parsed; the options of its notifier stand beside. */
export type FileRoute = z.output<ReturnType<typeof routeSchema>>

/** An entry of `notify`: which incidents reach whom, when, and who is asked next. */
export function routeSchema(types: readonly string[]) {
  return z.looseObject({
    type: z.enum(types).describe('The notifier.'),
    name: name()
      .optional()
      .describe('Name of the route. Its type if absent, with its position if that is taken.'),
    min_severity: z
      .enum(['critical', 'error', 'warning', 'info'])
      .prefault('info')
      .describe('Only notices of this severity and worse.'),
    only: z
      .strictObject({
        streams: patterns().optional().describe('Names of streams.'),
        groups: patterns().optional().describe('Full names of groups, such as `channel-1/*`.'),
        tags: patterns().optional().describe('Tags of streams.'),
      })
      .optional()
      .describe(
        'Only incidents that match one pattern of each list; `*` stands for any characters. That Changeover itself cannot see, act or tell always comes.',
      ),
    when: z
      .array(weeklyPeriod())
      .max(20)
      .prefault([])
      .describe(
        'Only at these times; what is still open when one begins is told then. At any time if there is none.',
      ),
    after: duration('0s', '1d')
      .prefault('0s')
      .describe('Only what nobody acknowledged for so long: the next step of an escalation.'),
    repeat: duration('1m', '1d')
      .optional()
      .describe('Tells it again so often until somebody acknowledges it. Once if absent.'),
    instead_of: name()
      .optional()
      .describe('Only while the route of this name does not take notices.'),
    together: duration('0s', '10m')
      .prefault('0s')
      .describe(
        'The first incident of a stream comes at once, what follows within this time in one notice. Services that keep each alert apart (`alertmanager`, `pagerduty`) get each by itself all the same.',
      ),
  })
}

function patterns() {
  return z.array(z.string().min(1).max(200)).min(1).max(100)
}

/** The routes of the file; `options` gives those of the notifier at a position. */
export function buildRoutes(
  routes: readonly FileRoute[],
  options: (index: number) => unknown,
): NotifierSettings[] {
  const names = routeNames(routes)
  return routes.map((route, index) => ({
    route: names[index] ?? route.type,
    type: route.type,
    options: options(index),
    minSeverity: route.min_severity,
    ...(route.only !== undefined && { only: route.only }),
    ...(route.when.length > 0 && { when: route.when.map(periodOf) }),
    ...(route.after > 0 && { afterMs: route.after }),
    ...(route.repeat !== undefined && { repeatMs: route.repeat }),
    ...(route.instead_of !== undefined && { insteadOf: route.instead_of }),
    ...(route.together > 0 && { togetherMs: route.together }),
  }))
}

function routeNames(routes: readonly FileRoute[]): string[] {
  const taken = new Set(routes.map(({ name: given }) => given))
  return routes.map((route, index) => {
    const free = taken.has(route.type) ? `${route.type}-${index + 1}` : route.type
    const own = route.name ?? free
    taken.add(own)
    return own
  })
}

/** What is wrong between routes that are right each by itself. */
export function routeProblems(routes: readonly FileRoute[]): Problem[] {
  const names = routeNames(routes)
  return routes.flatMap(({ instead_of: first, when }, index) => {
    const problems: Problem[] = when.flatMap((each, at) =>
      entryProblems({ ...each, days: each.days, until: undefined }).map(([key, says]) => ({
        path: ['notify', index, 'when', at, key],
        says,
      })),
    )
    if (first === undefined) return problems
    const path = ['notify', index, 'instead_of']
    const other = routes[names.indexOf(first)]
    if (other === undefined) {
      problems.push({ path, says: `names no route; the routes are ${names.join(', ')}` })
    } else if (names[index] === first) {
      problems.push({ path, says: 'is this route itself' })
    } else if (other.instead_of !== undefined) {
      const says = `is told only while ${other.instead_of} fails: name that one`
      problems.push({ path, says })
    }
    return problems
  })
}
