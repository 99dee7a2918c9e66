import { z } from 'zod'
import type { Observation } from '../../src/core/sample.ts'
import type { HttpResult } from '../../src/plugin/net.ts'
import { duration, secretUrl } from '../../src/plugin/option-types.ts'
import type { ProbePlugin } from '../../src/plugin/probe.ts'

const options = z.strictObject({
  url: secretUrl('http', 'https').describe('The status document of the encoder.'),
  timeout: duration('200ms', '30s').default(4_000).describe('The most that one look may take.'),
})

/** What is read of the document; everything else in it is ignored. */
const status = z.object({ live: z.boolean(), kbps: z.number().nonnegative() })

/** Asks an encoder how it is: a server-side view beside a probe that pulls the stream. */
const plugin = {
  type: 'encoder-status',
  summary: 'Asks an encoder for its status document: whether it is live, and at which bitrate.',
  options,
  measures: [
    {
      name: 'encoder_bits_per_second',
      kind: 'gauge',
      unit: 'bits_per_second',
      help: 'What the encoder says that it sends.',
    },
  ],
  async *observe({ url, timeout }, { due, net, signal }) {
    for await (const _ of due) {
      const answer = await net.http({ url, deadlineMs: timeout, maxBytes: 65_536, signal })
      if (signal.aborted) return
      yield observation(answer)
    }
  },
} satisfies ProbePlugin<typeof options>

export { plugin }

function observation(answer: HttpResult): Observation {
  const nothing = { measurements: {}, findings: [] }
  if (!answer.ok) {
    // A fault on our own side says nothing about the path: not seeing is not failing.
    if (answer.fault === 'local') return { outcome: 'unknown', reason: answer.says, ...nothing }
    return { outcome: 'fail', reason: answer.says, diagnosis: 'unreachable', ...nothing }
  }
  if (answer.status !== 200) {
    const reason = `The encoder answered ${answer.status}.`
    return { outcome: 'fail', reason, diagnosis: 'unreachable', ...nothing }
  }
  const read = status.safeParse(parseJson(answer.body.toString()))
  if (!read.success) {
    const reason = 'The encoder answered something that is no status document.'
    return { outcome: 'fail', reason, diagnosis: 'wrong-content', ...nothing }
  }
  // What was measured is kept, also where the look fails.
  const measured = { ...nothing, measurements: { encoder_bits_per_second: read.data.kbps * 1_000 } }
  if (read.data.live) return { outcome: 'pass', ...measured }
  const reason = 'The encoder says that it is not live.'
  return { outcome: 'fail', reason, diagnosis: 'ingest-lost', ...measured }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
