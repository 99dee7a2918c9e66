import { z } from 'zod'
import {
  isSigned,
  jsonOf,
  type InboundRequest,
  type ReadReactions,
  type Reaction,
} from '../../plugin/reaction.ts'
import { ACKNOWLEDGE, shortDigest } from './message.ts'

/** A request that is older may be one that somebody overheard. */
const OLDEST_SECONDS = 300

const text = z.string().min(1).max(2_000)
const envelope = z.object({ type: text })
const pressed = z.object({
  user: z.object({ id: text, username: text.optional(), name: text.optional() }),
  actions: z
    .array(
      z.object({
        action_id: text,
        value: text.optional(),
        /** Seconds since the epoch. */
        action_ts: z.string().regex(/^\d{1,12}(?:\.\d{1,9})?$/u),
      }),
    )
    .max(25),
})

/**
 * Reads what Slack posts when somebody presses a button: a form whose `payload` is JSON
 * (https://docs.slack.dev/interactivity/handling-user-interaction,
 * https://docs.slack.dev/reference/interaction-payloads/block_actions-payload). Signature:
 * `X-Slack-Signature: v0=<hex>` over `v0:<X-Slack-Request-Timestamp>:<body>`
 * (https://docs.slack.dev/authentication/verifying-requests-from-slack). Buttons that are links
 * are told of too, and do nothing.
 */
export function readInteraction(
  secret: string | undefined,
  { headers, body }: InboundRequest,
  wall: number,
): ReadReactions {
  const sentAt = headers['x-slack-request-timestamp'] ?? ''
  const signature = /^v0=([0-9a-f]+)$/iu.exec(headers['x-slack-signature'] ?? '')?.[1] ?? ''
  const isNow =
    /^\d{1,12}$/u.test(sentAt) && Math.abs(wall / 1_000 - Number(sentAt)) <= OLDEST_SECONDS
  const signed = Buffer.concat([Buffer.from(`v0:${sentAt}:`), body])
  if (secret === undefined || !isSigned(secret, signed, [signature]) || !isNow) {
    return { ok: false, cause: 'unsigned' }
  }
  const payload = jsonOf(new URLSearchParams(body.toString()).get('payload') ?? '')
  const kind = envelope.safeParse(payload)
  if (!kind.success) {
    return { ok: false, cause: 'malformed', says: 'The body is not an interaction of Slack.' }
  }
  if (kind.data.type !== 'block_actions') return { ok: true, reactions: [] }
  const parsed = pressed.safeParse(payload)
  if (!parsed.success) {
    return { ok: false, cause: 'malformed', says: 'The interaction does not say who pressed what.' }
  }
  const { user, actions } = parsed.data
  // One press may be about a hundred incidents, each of which is looked for among all.
  const digests = new Map<string, string>()
  const digestOf = (key: string) => {
    const digest = digests.get(key) ?? shortDigest(key)
    digests.set(key, digest)
    return digest
  }
  const reactions = actions
    .filter(({ action_id }) => action_id === ACKNOWLEDGE)
    .flatMap(({ value = '', action_ts }) =>
      value.split(',').map((digest): Reaction => {
        return {
          id: `${user.id} ${action_ts}`,
          kind: 'acknowledged',
          isAbout: (key) => digestOf(key) === digest,
          actor: user.name ?? user.username ?? user.id,
          at: Number(action_ts) * 1_000,
        }
      }),
    )
  return { ok: true, reactions }
}
