import { z } from 'zod'
import { startPostedJson } from './posted-json.ts'

const textBlock = z.strictObject({
  type: z.literal('TextBlock'),
  text: z.string().min(1),
  weight: z.enum(['Default', 'Lighter', 'Bolder']).optional(),
  size: z.enum(['Default', 'Small', 'Medium', 'Large', 'ExtraLarge']).optional(),
  wrap: z.boolean().optional(),
})
const container = z.strictObject({
  type: z.literal('Container'),
  id: z.string().optional(),
  style: z.enum(['default', 'emphasis', 'good', 'attention', 'warning', 'accent']).optional(),
  bleed: z.boolean().optional(),
  items: z.array(textBlock).min(1),
})
const factSet = z.strictObject({
  type: z.literal('FactSet'),
  facts: z.array(z.strictObject({ title: z.string().min(1), value: z.string().min(1) })).min(1),
})
const card = z.strictObject({
  $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  type: z.literal('AdaptiveCard'),
  version: z.string().regex(/^1\.[0-5]$/u),
  fallbackText: z.string().optional(),
  msteams: z.strictObject({ width: z.literal('Full') }).optional(),
  body: z.array(z.discriminatedUnion('type', [textBlock, container, factSet])).min(1),
  actions: z
    .array(
      z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string().min(1), url: z.url() }),
    )
    .max(6)
    .optional(),
})
const message = z.strictObject({
  type: z.literal('message'),
  attachments: z
    .array(
      z.strictObject({
        contentType: z.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: z.null(),
        content: card,
      }),
    )
    .length(1),
})

/** A card as the channel shows it. */
export type TeamsCard = z.output<typeof card>

/** A message of Teams may have 28 KB. */
const MOST_BYTES = 28 * 1_024

/**
 * A Workflows webhook of Microsoft Teams on loopback. Transcribed: the envelope and its size from
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using,
 * elements of the card from https://adaptivecards.io/explorer.
 */
export async function startTeams() {
  const cards: TeamsCard[] = []
  const server = await startPostedJson((body, bytes) => {
    if (bytes > MOST_BYTES) return { status: 413, text: 'RequestEntityTooLarge' }
    const parsed = message.safeParse(body)
    if (!parsed.success) return { status: 400, text: parsed.error.message }
    for (const { content } of parsed.data.attachments) cards.push(content)
    return { status: 202, text: '' }
  })
  return { ...server, cards }
}
