/** What a viewer of the public name meets, look by look. */
export interface Viewer {
  /** Wall milliseconds of the first bad look and of the first good one after the last bad one, since `from`. */
  gap(from: number): { readonly badAt?: number; readonly goodAt?: number }
  stop(): Promise<void>
}

interface Look {
  readonly at: number
  readonly ok: boolean
}

const everyMs = 150
const deadlineMs = 1_500
/** The lab makes segments of two seconds: a playlist that stood still for longer than this is frozen. */
const frozenMs = 5_000
/** A segment that comes slower than it plays starves a player. */
const segmentMs = 2_000

/** Plays the public name: playlist, media playlist, newest segment, again and again. */
export function startViewer(url: string): Viewer {
  const looks: Look[] = []
  const stop = new AbortController()
  let newest = { segment: '', since: Date.now() }
  const text = async (at: string) => {
    const answer = await fetch(at, { signal: AbortSignal.timeout(deadlineMs) })
    const body = await answer.text()
    if (answer.status !== 200 || !body.startsWith('#EXTM3U'))
      throw new Error(`not a playlist: ${at}`)
    return body
  }
  const look = async () => {
    const [variant = ''] = uris(await text(url))
    const media = new URL(variant, url).href
    const segment = uris(await text(media)).at(-1) ?? ''
    if (segment !== newest.segment) {
      newest = { segment, since: Date.now() }
      const answer = await fetch(new URL(segment, media), {
        signal: AbortSignal.timeout(segmentMs),
      })
      if (answer.status !== 200) throw new Error('no segment')
      await answer.arrayBuffer()
    }
    if (Date.now() - newest.since > frozenMs) throw new Error('frozen')
  }
  const running = (async () => {
    while (!stop.signal.aborted) {
      const at = Date.now()
      const ok = await look().then(
        () => true,
        () => false,
      )
      looks.push({ at: ok ? Date.now() : at, ok })
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return {
    gap: (from) => {
      const since = looks.filter(({ at }) => at >= from)
      const badAt = since.find(({ ok }) => !ok)?.at
      const lastBad = since.findLastIndex(({ ok }) => !ok)
      const goodAt = badAt === undefined ? undefined : since[lastBad + 1]?.at
      return { ...(badAt !== undefined && { badAt }), ...(goodAt !== undefined && { goodAt }) }
    },
    stop: async () => {
      stop.abort()
      await running
    },
  }
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}
