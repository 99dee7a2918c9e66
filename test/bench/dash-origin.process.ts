/**
 * An origin of one live DASH stream for benchmarks, in a process of its own: two pictures and a
 * sound. Its argument is the length of a segment in seconds; it prints its address.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fragment, initSegment } from '../formats/fmp4/box-writer.ts'

const seconds = Number(process.argv[2] ?? 6)
const startedAt = Date.now() - 3_600_000
const ticks = seconds * 90_000
const window = 10

const server = createServer(({ url = '', method }, answer) => {
  const path = url.split('?')[0] ?? ''
  const newest = Math.floor((Date.now() - startedAt) / 1_000 / seconds)
  const number = Number(/-(\d+)\.m4s$/u.exec(path)?.[1] ?? Number.NaN)
  let body: string | Buffer | undefined
  if (path.endsWith('.mpd')) body = manifest(path.includes('listed'), newest)
  else if (path.endsWith('.mp4')) body = initSegment()
  else if (number >= 1 && number <= newest) {
    const decodeTime = (number - 1) * ticks
    body = fragment({ sequence: number, decodeTime, sampleDuration: ticks / 50, bytes: 300_000 })
  }
  answer.writeHead(body === undefined ? 404 : 200, {
    'content-length': String(Buffer.byteLength(body ?? '')),
  })
  answer.end(method === 'HEAD' ? undefined : body)
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

function manifest(isListed: boolean, newest: number): string {
  const first = newest - window + 1
  const timeline = `<SegmentTimeline><S t="${(first - 1) * ticks}" d="${ticks}" r="${window - 1}"/></SegmentTimeline>`
  const template = (id: string) =>
    `<SegmentTemplate timescale="90000" startNumber="${isListed ? first : 1}" ${isListed ? '' : `duration="${ticks}"`} media="${id}-$RepresentationID$-$Number$.m4s" initialization="init.mp4">${isListed ? timeline : ''}</SegmentTemplate>`
  return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="${new Date(startedAt).toISOString()}" minimumUpdatePeriod="PT${seconds}S" timeShiftBufferDepth="PT${window * seconds}S"><Period id="p" start="PT0S"><AdaptationSet id="v" contentType="video" mimeType="video/mp4">${template('v')}<Representation id="hi" bandwidth="400000" width="1280" height="720"/><Representation id="lo" bandwidth="400000" width="640" height="360"/></AdaptationSet><AdaptationSet id="a" contentType="audio" mimeType="audio/mp4">${template('a')}<Representation id="en" bandwidth="400000"/></AdaptationSet></Period></MPD>`
}
