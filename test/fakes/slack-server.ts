import { z } from 'zod'
import { startPostedJson } from './posted-json.ts'
import { block } from './slack-blocks.ts'

const message = z.strictObject({
  text: z.string().min(1).max(40_000),
  unfurl_links: z.boolean().optional(),
  blocks: z.array(block).min(1).max(50),
})

/** A message as the channel shows it. */
export type SlackMessage = z.output<typeof message>

/**
 * An incoming webhook of Slack on loopback. Transcribed from Slack's documentation: the payload and
 * the words that it is refused with from
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, blocks and their
 * lengths from https://docs.slack.dev/reference/block-kit/blocks.
 */
export async function startSlack() {
  const messages: SlackMessage[] = []
  const server = await startPostedJson((body) => {
    if (typeof body === 'object' && body !== null && !('text' in body)) {
      return { status: 400, text: 'no_text' }
    }
    const parsed = message.safeParse(body)
    if (!parsed.success) return { status: 400, text: 'invalid_blocks' }
    messages.push(parsed.data)
    return { status: 200, text: 'ok' }
  })
  return { ...server, messages }
}
