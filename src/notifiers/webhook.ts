import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Notice } from '../core/notice.ts'
import { deliveryOf } from '../plugin/http-delivery.ts'
import type { NotifierPlugin } from '../plugin/notifier.ts'
import { secretUrl } from '../plugin/option-types.ts'

/** Only the status of the answer counts. */
const ANSWER_BYTES = 4_096

/** Headers that the notifier itself gives. */
const own = ['content-type', 'content-length', 'host', 'idempotency-key', 'changeover-signature']

/** RFC 9110, sections 5.1 and 5.5. */
const headerName = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u, 'expected the name of a header')
  .refine((name) => !own.includes(name.toLowerCase()), {
    error: 'expected a header that Changeover does not give itself',
  })
const headerValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/u, 'expected a value without control characters')

const options = z
  .strictObject({
    url: secretUrl('https', 'http').describe('Where notices are posted; may hold a secret.'),
    secret: z
      .string({ error: 'expected a secret of at least 16 characters' })
      .min(16, 'expected a secret of at least 16 characters')
      .max(512, 'expected a secret of at most 512 characters')
      .optional()
      .describe('Signs every notice, so that the receiver knows who sent it.'),
    headers: z
      .record(headerName, headerValue)
      .default({})
      .describe('Further headers, such as Authorization.'),
  })
  .describe('A POST of JSON to any URL, signed.')

/**
 * Posts each notice as JSON. `Idempotency-Key` is the notice's identity, the same on every attempt;
 * `key` in the body names the incident, the same from its beginning to its end.
 *
 * With a secret, `Changeover-Signature: t=<seconds>,v1=<hex>` holds HMAC-SHA256 over
 * `<seconds>.<body>`, the body as sent byte for byte. A receiver computes it again, compares in
 * constant time and refuses an old `t`. It is the scheme of https://docs.stripe.com/webhooks#verify-manually.
 */
const webhook: NotifierPlugin<typeof options> = {
  type: 'webhook',
  summary: 'Posts notices as signed JSON to a URL.',
  options,
  tellsSeveral: true,
  async send({ url, secret, headers }, notice, { net, clock, callTimeoutMs }) {
    const body = JSON.stringify(bodyOf(notice))
    const seconds = Math.floor(clock.wall() / 1_000)
    const result = await net.http({
      url,
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        'idempotency-key': encodeURIComponent(notice.id),
        ...(secret === undefined
          ? {}
          : { 'changeover-signature': `t=${seconds},v1=${sign(secret, seconds, body)}` }),
      },
      body,
      deadlineMs: callTimeoutMs,
      maxBytes: ANSWER_BYTES,
      // Configured headers may be credentials: they go nowhere but where the configuration says.
      maxRedirects: 0,
    })
    return deliveryOf(result, clock.wall())
  },
}
export default webhook

function sign(secret: string, seconds: number, body: string): string {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
}

/** The public form of a notice: times as RFC 3339, absent fields left out. `version` rises when a field changes its meaning. */
function bodyOf({ since, wall, ...rest }: Notice): Readonly<Record<string, unknown>> {
  return {
    version: 1,
    ...rest,
    since: new Date(since).toISOString(),
    at: new Date(wall).toISOString(),
  }
}
