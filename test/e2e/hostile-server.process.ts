import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

const playlistHead = '#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:1\n'

/** 10^6 lines of a valid playlist, under the 8 MiB at which a playlist is cut off. */
const millionLines = Buffer.from(playlistHead + '#EXTINF:1,\ns\n'.repeat(500_000))
const garbage = randomBytes(2 ** 20)
const brokenGzip = Buffer.concat([
  gzipSync(Buffer.alloc(100_000, 'a')).subarray(0, 60),
  garbage.subarray(0, 1_000),
])
/** As many variants as the parser takes, each of which never ends. */
const manyVariants = [
  '#EXTM3U',
  ...Array.from(
    { length: 500 },
    (_, index) => `#EXT-X-STREAM-INF:BANDWIDTH=${1000 + index}\nendless/${index}.m3u8`,
  ),
  '',
].join('\n')

/*
 * A server that means no good, as a process of its own: what it costs is not the watchdog's.
 *
 * - `/million.m3u8`: a playlist of a million lines
 * - `/garbage.m3u8`: random bytes instead of a playlist
 * - `/head.m3u8`: a playlist's first line and then random bytes
 * - `/gzip.m3u8`: gzip that breaks off into garbage
 * - `/live.m3u8`: a correct live playlist whose segments are random bytes
 * - `/many.m3u8`: 500 variants, none of which ever ends
 *
 * It prints its port, and ends with its standard input.
 */
const server = createServer((request, response) => {
  const path = request.url ?? '/'
  response.on('error', () => {})
  if (path === '/million.m3u8') response.end(millionLines)
  else if (path === '/garbage.m3u8') response.end(garbage)
  else if (path === '/head.m3u8') response.end(Buffer.concat([Buffer.from('#EXTM3U\n'), garbage]))
  else if (path === '/gzip.m3u8') {
    response.setHeader('content-encoding', 'gzip')
    response.end(brokenGzip)
  } else if (path === '/live.m3u8') response.end(livePlaylist(Date.now()))
  else if (path === '/many.m3u8') response.end(manyVariants)
  else if (path.startsWith('/endless/')) {
    const chunk = Buffer.alloc(65_536, '# nothing to see here\n')
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.write(playlistHead)
    response.on('drain', more)
    more()
  } else response.end(garbage.subarray(0, 188 * 500))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
process.stdin.resume().on('end', () => process.exit(0))

function livePlaylist(wall: number): string {
  const edge = Math.floor(wall / 1_000)
  const lines = Array.from({ length: 6 }, (_, index) => `#EXTINF:1,\nseg-${edge - 6 + index}.ts`)
  return `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:${edge - 6}\n${lines.join('\n')}\n`
}
