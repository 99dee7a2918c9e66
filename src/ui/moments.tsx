import { useNow } from './ticker.ts'
import { ago, countdown, span } from './times.ts'

/** How long ago, kept up to date, with the moment itself for whoever hovers. */
export function Ago({ at }: { readonly at: number }) {
  const now = useNow()
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString('en-GB')}>
      {ago(at, now)}
    </time>
  )
}

/** How long something lasts already. */
export function For({ since }: { readonly since: number }) {
  return <>{span(useNow() - since)}</>
}

/** How long until a moment of the server's clock; zero after it. */
export function Until({ at }: { readonly at: number }) {
  return <>{countdown(at - useNow())}</>
}

/** The age of what was seen at `at`; beyond `oldAfterMs` it looks old and says so. */
export function Seen({
  at,
  oldAfterMs,
}: {
  readonly at: number | undefined
  readonly oldAfterMs: number
}) {
  const now = useNow()
  if (at === undefined) return <span class="seen old">never seen</span>
  const age = now - at
  const isOld = age > oldAfterMs
  return (
    <span class={isOld ? 'seen old' : 'seen'}>
      {isOld ? `old: seen ${span(age)} ago` : `seen ${ago(at, now)}`}
    </span>
  )
}
