import { z } from 'zod'
import {
  isSigned,
  jsonOf,
  type InboundRequest,
  type ReadReactions,
  type Reaction,
} from '../../plugin/reaction.ts'

const text = z.string().min(1).max(1_000)

/** What every event has; those of other kinds (services, notes, `pagey.ping`) have other data. */
const envelope = z.object({
  event: z.object({
    id: text,
    event_type: text,
    occurred_at: z.iso.datetime({ offset: true }),
    agent: z.object({ type: text.optional(), summary: z.string().max(1_000).nullish() }).nullish(),
  }),
})
const withIncident = z.object({
  event: z.object({ data: z.object({ incident_key: z.string().max(1_000).nullish() }) }),
})

const kinds: Readonly<Record<string, Pick<Reaction, 'kind'> & { readonly reason?: string }>> = {
  'incident.acknowledged': { kind: 'acknowledged' },
  // The alert there is over by a person's word; whether the trouble is over, our own looks tell.
  'incident.resolved': {
    kind: 'acknowledged',
    reason: 'resolved in PagerDuty, which is no all clear: it stays open here',
  },
  'incident.unacknowledged': {
    kind: 'unacknowledged',
    reason: 'ended the acknowledgement in PagerDuty',
  },
  'incident.reopened': { kind: 'unacknowledged', reason: 'reopened it in PagerDuty' },
}

/**
 * Reads a V3 webhook of PagerDuty. Signature: `X-PagerDuty-Signature`, one `v1=<hex>` for each secret
 * that is valid while it is rotated, comma between them, over the bytes of the body
 * (https://developer.pagerduty.com/docs/verifying-webhook-signatures). Events:
 * https://developer.pagerduty.com/docs/webhooks-overview. Only persons acknowledge and resolve: when
 * our own notice does, PagerDuty tells of that too, with the integration as its agent. That an
 * acknowledgement ended by itself counts all the same.
 */
export function readWebhook(
  secret: string | undefined,
  { headers, body }: InboundRequest,
  isAbout: (key: string, incidentKey: string) => boolean,
): ReadReactions {
  const signatures = (headers['x-pagerduty-signature'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .flatMap((each) => (each.startsWith('v1=') ? [each.slice('v1='.length)] : []))
  if (secret === undefined || !isSigned(secret, body, signatures)) {
    return { ok: false, cause: 'unsigned' }
  }
  const sent = jsonOf(body.toString())
  const parsed = envelope.safeParse(sent)
  if (!parsed.success) {
    return { ok: false, cause: 'malformed', says: 'The body is not an event of a V3 webhook.' }
  }
  const { id, event_type, occurred_at, agent } = parsed.data.event
  const happened = kinds[event_type]
  if (happened === undefined) return { ok: true, reactions: [] }
  const about = withIncident.safeParse(sent)
  const key = about.success ? about.data.event.data.incident_key : undefined
  if (!about.success) {
    return { ok: false, cause: 'malformed', says: `The data of ${event_type} is not an incident.` }
  }
  const isPerson = agent?.type === 'user_reference'
  if (typeof key !== 'string' || (!isPerson && happened.kind === 'acknowledged')) {
    return { ok: true, reactions: [] }
  }
  const reaction: Reaction = {
    ...happened,
    id,
    isAbout: (ours) => isAbout(ours, key),
    actor: (isPerson ? agent.summary : undefined) ?? 'PagerDuty',
    at: Date.parse(occurred_at),
  }
  return { ok: true, reactions: [reaction] }
}
