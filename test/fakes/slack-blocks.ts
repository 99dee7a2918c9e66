import { z } from 'zod'

/** Control characters but tabs and line breaks are refused. */
export function isPrintable(text: string): boolean {
  return !/[^\P{Cc}\n\t]/u.test(text)
}

const plain = (length: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(length).refine(isPrintable),
    emoji: z.boolean().optional(),
  })
const markdown = (length: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    // Only these three characters are markup of the message format, and must be escaped in text.
    text: z.string().min(1).max(length).refine(isPrintable),
  })
const blockId = z.string().max(255).optional()
/** Blocks that only show something (https://docs.slack.dev/reference/block-kit/blocks). */
export const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), block_id: blockId, text: plain(150) }),
  z.strictObject({ type: z.literal('section'), block_id: blockId, text: markdown(3_000) }),
  z.strictObject({
    type: z.literal('context'),
    block_id: blockId,
    elements: z.array(markdown(3_000)).min(1).max(10),
  }),
])
