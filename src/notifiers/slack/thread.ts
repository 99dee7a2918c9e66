import type { Notice } from '../../core/notice.ts'
import type { Delivery, NotifierContext } from '../../plugin/notifier.ts'
import { botMessage, shortDigest } from './message.ts'
import { callSlack, type Called, type SlackBot } from './web-api.ts'

/** A bot and its channel. */
export interface SlackChannel extends SlackBot {
  readonly channel: string
  /** Whether a press of the button would reach us. */
  readonly hasButton: boolean
}

/** The thread of an incident: where its first message is, and which incident that tells of. */
interface Thread {
  readonly channel: string
  readonly ts: string
  readonly lead: string
}

/** Words for a message or a channel that is no more: what is to be told gets a message of its own. */
const gone: readonly (string | undefined)[] = [
  'message_not_found',
  'thread_not_found',
  'channel_not_found',
  'cannot_reply_to_message',
  'restricted_action_non_threadable_channel',
]

/**
 * Tells of an incident in its thread. Its first message shows the state as it is; everything later is
 * a reply, and what people must not miss is shown in the channel too: nobody is told of a reply
 * in a thread that they do not follow. Without a thread, or where it was deleted, it is a message of
 * its own, never none. The first message is changed before the reply is posted, because a change that
 * is made twice is one.
 */
export async function tellInThread(
  bot: SlackChannel,
  notice: Notice,
  context: NotifierContext,
): Promise<Delivery> {
  const thread = threadOf(context.receipt)
  if (thread === undefined) return await open(bot, notice, context)
  const { channel, ts } = thread
  const isLead = thread.lead === shortDigest(notice.key)
  if (isLead) {
    const message = botMessage(notice, hasButton(bot, notice))
    const changed = await callSlack(bot, 'chat.update', { channel, ts, ...message }, context)
    // One that may not be changed any more keeps its reply.
    if (!changed.ok && gone.includes(changed.error)) return await open(bot, notice, context)
    if (!changed.ok && changed.delivery.retry) return changed.delivery
  }
  // Of an incident that was told together with another, the first message shows nothing.
  const message = botMessage(notice, !isLead && hasButton(bot, notice))
  const inChannel = !isLead || notice.action === 'trigger'
  const reply = { channel, thread_ts: ts, reply_broadcast: inChannel, ...message }
  const replied = await callSlack(bot, 'chat.postMessage', reply, context)
  if (replied.ok) return { ok: true }
  return gone.includes(replied.error) ? await open(bot, notice, context) : replied.delivery
}

async function open(
  bot: SlackChannel,
  notice: Notice,
  context: NotifierContext,
): Promise<Delivery> {
  const message = { channel: bot.channel, ...botMessage(notice, hasButton(bot, notice)) }
  const posted = await callSlack(bot, 'chat.postMessage', message, context)
  if (!posted.ok) return posted.delivery
  const receipt = receiptOf(posted, notice)
  return receipt === undefined ? { ok: true } : { ok: true, receipt }
}

function hasButton(bot: SlackChannel, { action, acknowledgedBy }: Notice): boolean {
  return bot.hasButton && action === 'trigger' && acknowledgedBy === undefined
}

/** `<channel> <ts> <incident>`; Slack names the channel by its ID, by which alone it can be changed. */
function receiptOf({ body }: Extract<Called, { ok: true }>, notice: Notice): string | undefined {
  const receipt = `${String(body['channel'])} ${String(body['ts'])} ${shortDigest(notice.key)}`
  return threadOf(receipt) === undefined ? undefined : receipt
}

function threadOf(receipt: string | undefined): Thread | undefined {
  const match = /^([A-Z0-9]{3,30}) (\d{1,20}\.\d{1,10}) ([0-9a-f]{16})$/u.exec(receipt ?? '')
  const [, channel, ts, lead] = match ?? []
  if (channel === undefined || ts === undefined || lead === undefined) return undefined
  return { channel, ts, lead }
}
