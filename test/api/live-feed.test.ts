import { describe, expect, it } from 'vitest'
import { createLiveFeed } from '../../src/api/live-feed.ts'
import { FakeWatchdog } from './fake-watchdog.ts'
import { ManualClock } from './manual-clock.ts'
import { harness } from './api-harness.ts'

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

/** Reads a stream of events one by one and keeps them. */
function follow(stream: ReadableStream<Uint8Array> | undefined) {
  if (stream === undefined) throw new Error('not connected')
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  const frames: string[] = []
  const done = (async () => {
    for (;;) {
      const { done: ended, value } = await reader.read()
      if (ended) return
      frames.push(decoder.decode(value))
    }
  })()
  return {
    frames,
    kinds: () =>
      frames.map((frame) =>
        /^(?:event: (\w+)|: (\w+)|(retry))/u.exec(frame)?.slice(1).find(Boolean),
      ),
    ids: () => frames.flatMap((frame) => /^id: (\d+)$/mu.exec(frame)?.[1] ?? []).map(Number),
    async stop() {
      await reader.cancel()
      await done
    },
  }
}

function start() {
  const clock = new ManualClock()
  const port = new FakeWatchdog(clock.wall())
  const feed = createLiveFeed(port, clock)
  return { clock, port, feed }
}

describe('the live feed', () => {
  it('sends the view at once', async () => {
    const { feed, port } = start()

    const client = follow(feed.connect())
    await settle()

    expect(client.kinds()).toEqual(['retry', 'state'])
    const data = client.frames[1]?.split('\n')[1]?.slice('data: '.length) ?? ''
    expect(JSON.parse(data)).toMatchObject({ mode: port.view().mode })
    await client.stop()
  })

  it('sends at most two views a second, and always the last one', async () => {
    const { feed, port, clock } = start()
    const client = follow(feed.connect())
    await settle()

    for (let index = 0; index < 100; index += 1) {
      clock.advance(10)
      port.show({ profile: `p${index}` })
      await settle()
    }
    clock.advance(500)
    await settle()

    const states = client.frames.filter((frame) => frame.startsWith('event: state'))
    expect(states.length).toBeGreaterThanOrEqual(3)
    expect(states.length).toBeLessThanOrEqual(4)
    expect(states.at(-1)).toContain('"profile":"p99"')
    await client.stop()
  })

  it('sends a comment when nothing happens for 5 s', async () => {
    const { feed, clock } = start()
    const client = follow(feed.connect())
    await settle()

    for (let index = 0; index < 2; index += 1) {
      clock.advance(5_000)
      await settle()
    }

    expect(client.kinds()).toEqual(['retry', 'state', 'heartbeat', 'heartbeat'])
    await client.stop()
  })

  it('sends new entries of the journal at once, with their sequence as id', async () => {
    const { feed, port } = start()
    port.record({ kind: 'boot', says: 'before' })
    const client = follow(feed.connect())
    await settle()

    port.record({ kind: 'decision', says: 'moved' })
    port.record({ kind: 'applied', says: 'read back' })
    await settle()

    expect(client.kinds()).toEqual(['retry', 'state', 'journal', 'journal'])
    expect(client.ids()).toEqual([2, 3])
    await client.stop()
  })

  it('resumes after a sequence without loss or repetition', async () => {
    const { feed, port } = start()
    for (let index = 0; index < 450; index += 1) port.record({ kind: 'health', says: 'up' })

    const client = follow(feed.connect(40))
    port.record({ kind: 'health', says: 'announced while resuming' })
    for (let round = 0; round < 200; round += 1) await settle()

    expect(client.ids()).toEqual(Array.from({ length: 411 }, (_, index) => index + 41))
    await client.stop()
  })

  it('keeps a bounded amount for a slow client, who still gets every entry', async () => {
    const { feed, port } = start()
    const stream = feed.connect()
    const reader = stream?.getReader()
    await reader?.read()
    for (let index = 0; index < 1_000; index += 1) port.record({ kind: 'health', says: 'up' })
    expect(port.journalReads).toBe(0)

    const ids: number[] = []
    while (ids.length < 1_000) {
      const text = new TextDecoder().decode((await reader?.read())?.value)
      const id = /^id: (\d+)$/mu.exec(text)?.[1]
      if (id !== undefined) ids.push(Number(id))
    }

    expect(ids).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
    expect(port.journalReads).toBeGreaterThan(0)
    await reader?.cancel()
  })

  it('goes on when the journal could not be read for a while', async () => {
    const { feed, port, clock } = start()
    port.record({ kind: 'boot', says: 'began' })
    const journal = port.journal.bind(port)
    port.journal = () => Promise.reject(new Error('locked'))
    const client = follow(feed.connect(0))
    await settle()

    port.journal = journal
    clock.advance(1_000)
    await settle()

    expect(client.ids()).toEqual([1])
    await client.stop()
  })

  it('listens to the watchdog only while somebody follows', async () => {
    const { feed, port, clock } = start()
    const one = follow(feed.connect())
    const two = follow(feed.connect())
    await settle()
    expect(port.listeners).toBe(2)

    await one.stop()
    expect(port.listeners).toBe(2)
    await two.stop()
    await settle()

    expect(port.listeners).toBe(0)
    expect(clock.sleeping).toBe(0)
  })

  it('takes 64 clients and no more', async () => {
    const { feed } = start()
    const streams = Array.from({ length: 65 }, () => feed.connect())

    expect(streams.filter((stream) => stream === undefined)).toHaveLength(1)
    expect(streams[64]).toBeUndefined()
    await streams[0]?.cancel()
    expect(feed.connect()).toBeDefined()
  })
})

describe('/api/v1/events', () => {
  it.each([
    ['the header Last-Event-ID', '/api/v1/events', { 'last-event-id': '1' }],
    ['the parameter after', '/api/v1/events?after=1', {}],
    ['the header before the parameter', '/api/v1/events?after=0', { 'last-event-id': '1' }],
  ])('resumes by %s', async (_, path, headers) => {
    const { api, port } = harness()
    for (const says of ['one', 'two', 'three']) port.record({ kind: 'decision', says })

    const response = await api.request(path, { headers })
    const client = follow(response.body ?? undefined)
    await settle()

    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(client.ids()).toEqual([2, 3])
    await client.stop()
  })

  it('is refused when too many follow', async () => {
    const { api } = harness()
    const open: Response[] = []
    for (let index = 0; index < 64; index += 1) open.push(await api.request('/api/v1/events'))

    const response = await api.request('/api/v1/events')

    expect(response.status).toBe(503)
    for (const each of open) await each.body?.cancel()
  })
})
