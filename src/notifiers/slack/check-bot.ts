import type { Checked, NotifierContext } from '../../plugin/notifier.ts'
import type { SlackChannel } from './thread.ts'
import { callSlack } from './web-api.ts'

/**
 * Asks Slack who the token is (https://docs.slack.dev/reference/methods/auth.test), and about the
 * channel where the token may ask that (`conversations.info`, scope `channels:read` or
 * `groups:read`). Posts nothing.
 */
export async function checkBot(bot: SlackChannel, context: NotifierContext): Promise<Checked> {
  const known = await callSlack(bot, 'auth.test', {}, context)
  if (!known.ok) return { result: 'bad', says: known.delivery.says }
  const channel = new URLSearchParams({ channel: bot.channel })
  const asked = await callSlack(bot, 'conversations.info', channel, context)
  if (asked.ok) return judged(bot.channel, asked.body['channel'])
  if (asked.error !== 'missing_scope') return { result: 'bad', says: asked.delivery.says }
  return {
    result: 'good',
    says: 'Slack knows the bot; whether it may post in the channel shows with the first notice, or with the scope channels:read',
  }
}

function judged(name: string, channel: unknown): Checked {
  const { is_archived, is_member } = (channel ?? {}) as Readonly<Record<string, unknown>>
  if (is_archived === true) return { result: 'bad', says: `the channel ${name} is archived` }
  if (is_member === false) {
    const says = `the bot is no member of ${name}: invite it there, unless it has the scope chat:write.public`
    return { result: 'unknown', says }
  }
  return { result: 'good', says: `Slack knows the bot and ${name}; nothing was posted` }
}
