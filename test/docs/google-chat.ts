import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Notice } from '../../src/core/notice.ts'
import { deliveryOf } from '../../src/plugin/http-delivery.ts'
import type { NotifierPlugin } from '../../src/plugin/notifier.ts'
import { secretUrl } from '../../src/plugin/option-types.ts'

const options = z.strictObject({
  url: secretUrl('https', 'http').describe('The incoming webhook of the space; a secret.'),
})

/** A message may have 32,000 bytes; no character needs more than 3 for each UTF-16 unit. */
const LONGEST_TEXT = 8_000

/** Posts into a Google Chat space: one incident is one thread, from its beginning to its end. */
const plugin: NotifierPlugin<typeof options> = {
  type: 'google-chat',
  summary: 'Posts notices into a Google Chat space, one thread for each incident.',
  options,
  async send({ url }, notice, { net, clock, callTimeoutMs }) {
    const target = new URL(url)
    target.searchParams.set('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD')
    // The same on every attempt, so that a retry does not post twice.
    target.searchParams.set('requestId', digest(notice.id))
    const result = await net.http({
      url: target.href,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      body: JSON.stringify({ text: textOf(notice), thread: { threadKey: digest(notice.key) } }),
      deadlineMs: callTimeoutMs,
      maxBytes: 4_096,
      // The URL is a secret: it goes nowhere else.
      maxRedirects: 0,
    })
    return deliveryOf(result, clock.wall())
  },
}

export { plugin }

const words = {
  trigger: '',
  acknowledge: 'Somebody looks after it. ',
  resolve: 'Over. ',
  change: 'Changed. ',
} as const

function textOf({ action, severity, title, did, todo, link }: Notice): string {
  const lines = [`${words[action]}${severity}: ${title}`, did, todo, link ?? '']
  const text = lines.filter((line) => line !== '').join('\n')
  return text.slice(0, LONGEST_TEXT).toWellFormed()
}

/** Keys of any length and any characters, told apart and fit for an identity. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
