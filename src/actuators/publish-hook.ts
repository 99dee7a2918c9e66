import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { heaviest, serving } from '../core/allocation.ts'
import type { ActuatorPlugin, GroupPublished, PullAnswer } from '../plugin/actuator.ts'
import { perPath, secretUrl } from '../plugin/option-types.ts'
import { readQuestion, type Question } from './publish-hook/question.ts'
import { allow, forwardTo, refuse, relay } from './publish-hook/replies.ts'

const options = z
  .strictObject({
    secret: z
      .string()
      .regex(/^[\w.~-]{16,256}$/, 'expected 16 to 256 letters, digits and . - _ ~')
      .describe('What the hook is asked with, as `?key=…`: whoever knows it learns the ingests.'),
    ingests: perPath(secretUrl('rtmp')).describe(
      'Where each path takes what is published: the address of its application, such as `rtmp://192.0.2.1/live`. nginx-rtmp needs an IP address in it.',
    ),
    elsewhere: z
      .enum(['forward', 'refuse'])
      .default('forward')
      .describe(
        'What becomes of whoever publishes at another server than the active ingest. forward: that server relays it (nginx-rtmp, SRS; MediaMTX refuses). refuse: the encoder is turned away, to its next address.',
      ),
    stream_key: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe(
        'The stream key that this is about; others are let in as if nobody had been asked. Every one if absent.',
      ),
  })
  .describe('Publish hooks of nginx-rtmp, SRS and MediaMTX.')

/**
 * What media servers ask when somebody publishes: the active ingest takes it, any other relays it
 * there or turns it away. nginx-rtmp also asks while it goes on (`on_update`): who began before the
 * last change is then turned away once, comes back and is sent to the ingest that is active now.
 */
const publishHook: ActuatorPlugin<typeof options> = {
  type: 'publish-hook',
  summary: 'Publish hooks of nginx-rtmp, SRS and MediaMTX: encoders follow the active ingest.',
  tested: 'real',
  options,
  mode: 'pull',
  asks: 'group',
  route: 'hooks/rtmp',
  capabilities: () => ({
    shape: 'single',
    mode: 'pull',
    reversible: true,
    // An encoder comes back within seconds once it is turned away; until then it stays where it is.
    settleMs: 30_000,
    compareAndSet: 'atomic',
    permissions: [],
  }),
  open({ secret, ingests, elsewhere, stream_key: name }, { clock, paths }) {
    const key = digest(secret)
    let active: string | undefined
    /** Monotonic milliseconds at which another ingest was first seen to be active. */
    let changedAt: number | undefined

    function answer(published: GroupPublished, question: Question, at: string | undefined) {
      const wanted = heaviest(published.allocation)
      if (wanted !== undefined && active !== undefined && wanted !== active) changedAt = clock.now()
      active = wanted ?? active
      // Nothing is moved on the grounds of nothing: whoever is at an ingest stays there.
      const isOpen = published.serveAll || serving(published.allocation).length === 0
      const here = at ?? paths.find((path) => isAt(ingests[path] ?? '', question.url))
      if (here !== undefined && (isOpen || here === active)) return allow(question)
      const target = ingests[active ?? paths[0] ?? ''] ?? ''
      if (question.asks === 'going-on') {
        const began = clock.now() - (question.seconds ?? 0) * 1_000
        const isOld = !isOpen && changedAt !== undefined && began < changedAt
        return isOld ? refuse() : allow(question)
      }
      if (elsewhere === 'refuse' || question.server === 'mediamtx') return refuse()
      if (question.server === 'nginx-rtmp') return relay(target)
      // SRS asks twice: whether it may publish, and where to forward it.
      return question.asks === 'forward'
        ? forwardTo([`${target.replace(/\/$/u, '')}/${question.name}`])
        : allow(question)
    }

    return (published, request): PullAnswer => {
      const { key: given = '', at } = ownQuery(request.query)
      if (!timingSafeEqual(digest(given), key)) return wrong(403, 'The key is missing or wrong.')
      if (at !== undefined && !paths.includes(at)) {
        return wrong(404, 'The parameter "at" names no path of this group.')
      }
      const question = readQuestion(request)
      if (question === undefined) return wrong(400, 'This is no question of a server that we know.')
      if (question.asks === 'manage') return refuse()
      const isOurs = name === undefined || name === question.name
      if (!isOurs || question.asks === 'other' || question.asks === 'read') return allow(question)
      return answer(published, question, at)
    }
  },
}

export default publishHook

/**
 * What stands in the address of the hook. nginx-rtmp with `notify_method get` puts its own behind
 * that with a second question mark, which then ends the last of ours.
 */
function ownQuery(query: Readonly<Record<string, string>>) {
  const own = (name: string) => query[name]?.split('?', 1)[0]
  return { key: own('key'), at: own('at') }
}

/** Digests have one length, which the comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Whether a publisher connected to the host and port of an ingest. */
function isAt(ingest: string, url: string): boolean {
  const [a, b] = [URL.parse(ingest), URL.parse(url)]
  if (a === null || b === null) return false
  return a.hostname === b.hostname && (a.port || '1935') === (b.port || '1935')
}

/** One sentence for whoever sets the hook up, without anything of the question. */
function wrong(status: number, says: string): PullAnswer {
  const headers = { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' }
  return { status, headers, body: `${says}\n` }
}
