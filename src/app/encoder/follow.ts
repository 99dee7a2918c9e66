import type { Net } from '../../plugin/net.ts'
import type { EncoderSettings } from '../../core/encoder.ts'

/** What Changeover says of the targets. */
export interface Heard {
  /** Whether it said anything. */
  readonly answered: boolean
  /** The path to go to; absent where the present one is as good, or nothing certain was said. */
  readonly to?: string
}

const mostWaitMs = 2_000

/**
 * Asks which paths serve. The encoder stays where it is as long as that serves, and whenever there is
 * doubt: an answer that is missing is no reason to go.
 */
export async function follow(
  net: Net,
  settings: EncoderSettings,
  present: string | undefined,
  signal: AbortSignal,
): Promise<Heard> {
  const answers = await Promise.all(
    settings.targets.map(async ({ path }) => {
      const answer = await net.http({
        url: `${settings.serve}/${path}`,
        deadlineMs: mostWaitMs,
        maxBytes: 1_024,
        maxRedirects: 0,
        signal,
      })
      const says = answer.ok ? { 200: 'serves', 503: 'rests' }[answer.status] : undefined
      return { path, says }
    }),
  )
  const said = (path: string | undefined) => answers.find((each) => each.path === path)?.says
  const answered = answers.some(({ says }) => says !== undefined)
  const mayGo = present === undefined || said(present) === 'rests'
  const to = mayGo ? answers.find(({ says }) => says === 'serves')?.path : undefined
  return { answered, ...(to !== undefined && { to }) }
}
