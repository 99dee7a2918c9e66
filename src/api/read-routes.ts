import { Hono } from 'hono'
import { z } from 'zod'
import { changeKinds, changesIn, ENTRIES_PER_CHANGE } from '../engine/group/change-list.ts'
import type { JournalQuery } from '../plugin/store.ts'
import type { ApiEnv } from './access.ts'
import { refuse } from './api-error.ts'
import { groupName } from './command-routes.ts'
import type { LiveFeed } from './live-feed.ts'
import { readQuery } from './read-query.ts'
import type { WatchdogPort } from './watchdog-port.ts'

const sequence = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const journalQuery = z.strictObject({
  after: sequence.optional(),
  before: sequence.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  group: z.string().min(1).max(400).optional(),
  order: z.enum(['newest', 'oldest']).optional(),
})

const changesQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
})

const pictureQuery = z.strictObject({ of: z.enum(['newest', 'good']).default('newest') })

const eventsQuery = z.strictObject({ after: sequence.optional() })

/** What people and programs read: state, one group, journal, and both as they change. */
export function readRoutes(port: WatchdogPort, feed: LiveFeed): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()

  app.get('/state', (c) => c.json(port.view()))

  app.get('/groups/:stream/:group', (c) => {
    const name = groupName(c.req.param())
    const group = port.view().groups.find((each) => each.name === name)
    if (group !== undefined) return c.json(group)
    return noSuchGroup()
  })

  app.get('/groups/:stream/:group/changes', async (c) => {
    const { limit } = readQuery(c, changesQuery)
    const name = groupName(c.req.param())
    const group = port.view().groups.find((each) => each.name === name)
    if (group === undefined) return noSuchGroup()
    const most = limit * ENTRIES_PER_CHANGE
    const query = { group: name, kinds: changeKinds, limit: most, newestFirst: true }
    const changes = changesIn(await port.journal(query)).slice(0, limit)
    const { effect } = group
    const [newest] = changes
    if (newest !== undefined && newest.intent === effect?.intent) changes[0] = { ...newest, effect }
    return c.json({ changes })
  })

  app.get('/groups/:stream/:group/paths/:path/picture', (c) => {
    const { of } = readQuery(c, pictureQuery)
    const picture = port.picture(groupName(c.req.param()), c.req.param('path'), of)
    if (picture === undefined) {
      return refuse(
        'not-found',
        'There is no picture of this path.',
        'Pictures come with deep looks: see `deep` among the options of its probe.',
      )
    }
    return c.body(Uint8Array.from(picture.jpeg), 200, {
      'content-type': 'image/jpeg',
      // Seconds, as HTTP has it; the view has the milliseconds.
      'last-modified': new Date(picture.wall).toUTCString(),
    })
  })

  app.get('/journal', async (c) => {
    const { after, before, limit, group, order } = readQuery(c, journalQuery)
    const query: JournalQuery = {
      limit,
      // A reader who follows on from a sequence wants the next entries, anybody else the newest.
      newestFirst: order === undefined ? after === undefined : order === 'newest',
      ...(after !== undefined && { after }),
      ...(before !== undefined && { before }),
      ...(group !== undefined && { group }),
    }
    return c.json({ entries: await port.journal(query) })
  })

  app.get('/events', (c) => {
    const { after } = readQuery(c, eventsQuery)
    const resumed = sequence.safeParse(c.req.header('last-event-id') ?? 'none')
    const stream = feed.connect(resumed.success ? resumed.data : after)
    if (stream === undefined) {
      return refuse(
        'too-many-viewers',
        'Too many pages follow the events already.',
        'Close some, or read /api/v1/state.',
      )
    }
    return c.body(stream, 200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // Proxies must neither keep nor collect events.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    })
  })

  return app
}

function noSuchGroup(): never {
  return refuse('not-found', 'No such group.', 'See /api/v1/state for the groups there are.')
}
