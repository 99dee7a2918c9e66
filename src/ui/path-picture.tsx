import { useEffect, useRef, useState } from 'preact/hooks'
import type { PathView } from '../core/view.ts'
import { ask, groupAddress } from './api-client.ts'
import { Seen } from './moments.tsx'
import { useNow } from './ticker.ts'

const looksInWords = { good: '', black: ', black', frozen: ', frozen' } as const

/** The newest picture of a path with its age, and the last good one where the newest is none. */
export function PathPicture({ group, path }: { readonly group: string; readonly path: PathView }) {
  const { picture } = path
  if (picture === undefined) return null
  const { wall, looks, freshForMs, goodWall } = picture
  const shown = { group, name: path.name }
  return (
    <div class="pictures">
      <Shown
        {...shown}
        of="newest"
        wall={wall}
        oldAfterMs={freshForMs}
        label={looksInWords[looks]}
      />
      {looks === 'black' && goodWall !== undefined && (
        <Shown {...shown} of="good" wall={goodWall} oldAfterMs={0} label=", last good picture" />
      )}
    </div>
  )
}

function Shown(props: {
  readonly group: string
  readonly name: string
  readonly of: 'newest' | 'good'
  readonly wall: number
  readonly oldAfterMs: number
  readonly label: string
}) {
  const { group, name, of, wall, oldAfterMs, label } = props
  const now = useNow()
  const place = useRef<HTMLElement>(null)
  const [source, setSource] = useState<string>()
  useEffect(() => {
    const over = new AbortController()
    // A path that nobody has unfolded costs nothing: the picture comes with the first sight of it.
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return
      watcher.disconnect()
      void load(group, name, of, over.signal).then((url) => url && setSource(url))
    })
    if (place.current !== null) watcher.observe(place.current)
    return () => {
      watcher.disconnect()
      over.abort()
    }
  }, [group, name, of, wall])
  const isOld = now - wall > oldAfterMs
  return (
    <figure ref={place} class={isOld ? 'picture old' : 'picture'}>
      <div class="frame">
        {source !== undefined && <img src={source} alt={`What ${name} shows${label}`} />}
      </div>
      <figcaption>
        <Seen at={wall} oldAfterMs={oldAfterMs} />
        {label}
      </figcaption>
    </figure>
  )
}

/** As a data address: an <img> cannot carry the token. `undefined` where none could be had. */
async function load(
  group: string,
  name: string,
  of: 'newest' | 'good',
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const route = `paths/${encodeURIComponent(name)}/picture?of=${of}`
    const response = await ask(groupAddress(group, route), { signal })
    const address = await asAddress(await response.blob())
    return signal.aborted ? undefined : address
  } catch {
    // The next one comes within seconds; until then the one before stays, with its age.
    return undefined
  }
}

function asAddress(blob: Blob): Promise<string | undefined> {
  return new Promise((resolve) => {
    const reader = new FileReader()
    reader.addEventListener('load', () =>
      resolve(typeof reader.result === 'string' ? reader.result : undefined),
    )
    reader.addEventListener('error', () => resolve(undefined))
    reader.readAsDataURL(blob)
  })
}
