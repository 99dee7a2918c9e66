import { z } from 'zod'
import { redactUrl } from '../src/core/redact.ts'
import { HttpTarget, httpOptions } from '../src/plugin/http-options.ts'
import { byteSize, duration, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { judge } from './http/judge.ts'
import { measures } from './http/measures.ts'

const options = z.strictObject({
  url: secretUrl('http', 'https').describe('What is fetched, with GET.'),
  ...httpOptions,
  timeout: httpOptions.timeout.describe('The most that one look may take.'),
  status: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(100)
    .default([200])
    .describe('The status codes that are good.'),
  redirects: z
    .int()
    .min(0)
    .max(10)
    .default(5)
    .describe('How many redirects are followed; with 0, a redirect is an answer like any other.'),
  contains: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .describe('Text that the body must contain, letter by letter.'),
  content_type: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/iu)
    .optional()
    .describe('The media type of the body, without parameters, such as `application/json`.'),
  max_age: duration('1s', '365d')
    .optional()
    .describe('The oldest that the content may be by its Last-Modified header.'),
  max_bytes: byteSize('1KiB', '16MiB')
    .default(2 ** 20)
    .describe('The body is read up to here.'),
})

/**
 * One request at each look, on a connection of its own, so that the time of every phase is measured
 * and a changed name, server or certificate is noticed at once.
 */
export default {
  type: 'http',
  summary:
    'Fetches a URL and judges status, content, type, age and certificate, with the time of every phase.',
  options,
  measures,
  async *observe(settings, { clock, due, everyMs, net, signal }) {
    const target = new HttpTarget(settings)
    const { url } = settings
    // Nobody uses the connection again. HTTP/2 has no such header (RFC 9113 section 8.2.2).
    const leaving: Record<string, string> = settings.http === 1 ? { connection: 'close' } : {}
    for await (const _ of due) {
      if (signal.aborted) return
      const aimed = target.aim(url, clock.wall())
      const result = await net.http({
        ...aimed,
        headers: { ...leaving, ...aimed.headers },
        deadlineMs: Math.min(settings.timeout, Math.max(2_000, everyMs)),
        maxBytes: settings.max_bytes,
        maxRedirects: settings.redirects,
        fresh: true,
        signal,
      })
      yield judge(result, settings, redactUrl(url), clock.wall())
    }
  },
} satisfies ProbePlugin<typeof options>
