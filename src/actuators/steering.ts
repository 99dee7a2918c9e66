import { z } from 'zod'
import { serving } from '../core/allocation.ts'
import type { ActuatorPlugin, GroupPublished, PullAnswer } from '../plugin/actuator.ts'
import { duration, pathName, perPath, somePaths } from '../plugin/option-types.ts'
import { SteeringAnswers } from './steering/answers.ts'

/** rfc8216bis 4.4.6.2: the characters of a Pathway ID. DASH takes any text for a serviceLocation. */
const pathway = z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits and . - _')

/** A name or address without port: players put it into the place of the host name alone. */
const host = z
  .string()
  .regex(/^(?:[A-Za-z0-9_.-]{1,253}|\[[0-9a-fA-F:.]+\])$/, 'expected a host name without port')

const clone = z
  .strictObject({
    of: pathName().describe('The path whose pathway is copied.'),
    host: host.optional().describe('The host that takes the place of its host.'),
    params: z
      .record(z.string().min(1).max(128), z.string().max(1_024))
      .optional()
      .describe('Query parameters that every address gets.'),
  })
  .refine((made) => made.host !== undefined || made.params !== undefined, {
    error: 'expected a host, params or both: a copy with neither is the same pathway',
  })

const options = z
  .strictObject({
    pathways: perPath(pathway)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same pathway',
      })
      .optional()
      .describe(
        'The PATHWAY-ID (HLS) or serviceLocation (DASH) of each path; its own name if absent.',
      ),
    clones: somePaths(clone)
      .refine((made) => Object.values(made).every(({ of }) => !Object.hasOwn(made, of)), {
        error: 'a pathway that is itself made from another one cannot be copied',
      })
      .optional()
      .describe('Paths that playlists do not have: players make them from another pathway.'),
    ttl: duration('5s', '1h')
      .default(30_000)
      .describe('When players ask again: so long does a change take to reach all of them.'),
    ttl_suspect: duration('5s', '5m')
      .default(5_000)
      .describe('When players ask again while something may change soon; never above ttl.'),
  })
  .describe('Content steering for HLS and DASH players.')

/**
 * Tells HLS and DASH players which pathway to play (rfc8216bis 7.2; ETSI TS 103 998). Each session
 * keeps its id in the RELOAD-URI, so it stays where it is until weights change. It follows the
 * applied allocation alone; players find the way around a broken path by the rest of the list.
 */
const steering: ActuatorPlugin<typeof options> = {
  type: 'steering',
  summary: 'Content steering: tells HLS and DASH players which CDN to take, by weight and session.',
  tested: 'real',
  options,
  mode: 'pull',
  asks: 'group',
  route: 'steering',
  capabilities: ({ ttl }) => ({
    shape: 'weights',
    mode: 'pull',
    reversible: true,
    settleMs: ttl,
    compareAndSet: 'atomic',
    permissions: [],
  }),
  open({ pathways, clones, ttl, ttl_suspect: suspect }, { ids, paths }) {
    const idOf = (path: string) => pathways?.[path] ?? path
    const course = {
      paths,
      pathways: Object.fromEntries(paths.map((path) => [path, idOf(path)])),
      clones: Object.entries(clones ?? {}).map(([path, { of, ...how }]) => {
        return { id: idOf(path), baseId: idOf(of), ...how }
      }),
    }
    let made: { readonly of: GroupPublished; readonly answers: SteeringAnswers } | undefined
    return (published, { query }) => {
      if (serving(published.allocation).length === 0) return notYet(suspect)
      if (made?.of !== published) {
        const seconds = Math.round((published.isSuspect ? Math.min(suspect, ttl) : ttl) / 1_000)
        made = {
          of: published,
          answers: new SteeringAnswers({ ...course, ttl: seconds }, published),
        }
      }
      const session = query['session'] || ids.next()
      return { status: 200, headers, body: made.answers.answer(session, reload(query, session)) }
    }
  },
}

export default steering

/** The answer belongs to one session and to this moment, so no cache may give it to another one. */
const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' }

/**
 * Relative, so that it holds behind any proxy, and with what else the address was asked with, such
 * as a token of the publisher's own; but for what players add anew to each request.
 */
function reload(query: Readonly<Record<string, string>>, session: string): string {
  let uri = `?session=${encodeURIComponent(session)}`
  for (const name in query) {
    if (name === 'session' || name.startsWith('_HLS_') || name.startsWith('_DASH_')) continue
    uri += `&${encodeURIComponent(name)}=${encodeURIComponent(query[name] ?? '')}`
  }
  return uri
}

/**
 * Nothing was ever seen of what is applied: a player that plays stays where it is and asks again, and
 * a new one begins with the pathway that its playlist names. Never 410, after which none comes back.
 */
function notYet(suspectMs: number): PullAnswer {
  return {
    status: 503,
    headers: {
      'cache-control': 'no-store',
      'content-type': 'text/plain; charset=utf-8',
      'retry-after': String(Math.round(suspectMs / 1_000)),
    },
    body: 'It is not known yet what is applied.\n',
  }
}
