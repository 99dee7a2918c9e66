import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventParser, readEvents, type StreamEvent } from '../../src/ui/event-stream.ts'

const text =
  'retry: 1000\n\nevent: state\ndata: {"a":1}\n\n: heartbeat\n\nevent: journal\nid: 7\ndata: {"seq":7}\n\n'
const events = [
  { name: 'comment', data: '' },
  { name: 'state', data: '{"a":1}' },
  { name: 'comment', data: '' },
  { name: 'journal', data: '{"seq":7}' },
]

describe('eventParser', () => {
  it('gives the same events however the text was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const parse = eventParser()

        const parsed = places
          .slice(1)
          .flatMap((end, index) => parse(text.slice(places[index], end)))

        expect(parsed).toEqual(events)
      }),
    )
  })

  it('keeps what is not complete', () => {
    const parse = eventParser()

    expect(parse('event: state\ndata: 1\n')).toEqual([])
    expect(parse('\n')).toEqual([{ name: 'state', data: '1' }])
  })
})

describe('readEvents', () => {
  it('reads characters that were cut between two pieces', async () => {
    const bytes = new TextEncoder().encode('event: state\ndata: "Köln"\n\n')
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const seen: StreamEvent[] = []

    await readEvents(
      new Response(stream),
      (event) => seen.push(event),
      new AbortController().signal,
    )

    expect(seen).toEqual([{ name: 'state', data: '"Köln"' }])
  })

  it('returns when it is told to stop, and lets the connection go', async () => {
    let isCancelled = false
    const stream = new ReadableStream<Uint8Array>({
      cancel() {
        isCancelled = true
      },
    })
    const stopped = new AbortController()
    const reading = readEvents(new Response(stream), () => undefined, stopped.signal)

    stopped.abort()
    await reading

    expect(isCancelled).toBe(true)
  })
})
