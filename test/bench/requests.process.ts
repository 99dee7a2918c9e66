/**
 * The requests of the HLS probe with undici alone, for comparison: nothing is read, judged or kept.
 * Arguments: origin, paths, seconds between looks, seconds of a segment, `main` or a rendition, and
 * `newest` or `none`. Prints `ready` when it has begun.
 */
import { Pool, type Dispatcher } from 'undici'
import { streamName } from './apparatus/lab.ts'

const [origin = '', paths = '', every = '', segment = '', playlist = '', fetch = ''] =
  process.argv.slice(2)
const connections = 64
/** The probe asks for the multivariant playlist again at every third look or after 6 s. */
const topEverySeconds = 6

const pool = new Pool(origin, { connections, pipelining: 1 })
const ignore: Dispatcher.DispatchHandler = {
  onRequestStart: () => undefined,
  onResponseStart: () => undefined,
  onResponseData: () => undefined,
  onResponseEnd: () => undefined,
  onResponseError: () => undefined,
}
const renditions = playlist === 'main' ? ['360p', '180p'] : [playlist]
const lastTop = new Map<number, number>()
const lastSegment = new Map<number, number>()

const startedAt = performance.now()
let next = 0
setInterval(() => {
  const now = (performance.now() - startedAt) / 1_000
  for (; next < (now / Number(every)) * Number(paths); next += 1) look(next % Number(paths), now)
}, 5)
console.log('ready')

function look(path: number, now: number): void {
  const folder = `/${streamName(path)}`
  const get = (name: string) => pool.dispatch({ path: `${folder}/${name}`, method: 'GET' }, ignore)
  const isTopDue = now - (lastTop.get(path) ?? Number.NEGATIVE_INFINITY) >= topEverySeconds - 0.1
  if (playlist === 'main' && isTopDue) {
    lastTop.set(path, now)
    get('main.m3u8')
  }
  for (const rendition of renditions) get(`${rendition}.m3u8`)
  const newest = Math.floor(Date.now() / 1_000 / Number(segment)) - 1
  if (fetch === 'none' || lastSegment.get(path) === newest) return
  lastSegment.set(path, newest)
  get(`${renditions[newest % renditions.length] ?? ''}/${newest}.ts`)
}
