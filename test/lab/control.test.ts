import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFile } from 'node:fs/promises'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { faultKind, faultNames } from '../../src/lab/faults/faults.ts'
import { startLab, type Lab, type LabOptions } from '../../src/lab/start-lab.ts'
import { call, get, open } from './client.ts'
import { ManualClock } from './manual-clock.ts'

const START = Date.UTC(2026, 0, 1)

let clock: ManualClock
let lab: Lab
let faults: string

const options = (): LabOptions => ({
  clock,
  random: seededRandom(1),
  streams: [{ name: 'news' }],
  edges: [{ name: 'edge-a' }],
})

beforeEach(async () => {
  clock = new ManualClock(START)
  lab = await startLab(options())
  faults = `${lab.urls.control}/lab/faults`
})

afterEach(() => lab.close())

describe('the control API', () => {
  it('breaks and heals', async () => {
    const order = { target: 'edge-a/news', fault: 'throttle', value: 5_000, for: '1m30s' }

    const { status, said } = await call('POST', faults, order)

    const fault = {
      id: 'f1',
      target: 'edge-a/news',
      fault: 'throttle',
      value: 5_000,
      since: START,
      until: START + 90_000,
    }
    expect([status, said]).toEqual([201, fault])
    expect((await call('GET', faults)).said).toMatchObject({ active: [fault] })
    expect(await call('DELETE', `${faults}/f1`)).toEqual({ status: 200, said: { healed: 1 } })
    expect((await call('GET', faults)).said).toMatchObject({ active: [] })
  })

  it('heals everything at once', async () => {
    await lab.inject('edge-a', 'freeze')
    await lab.inject('origin', 'html')

    expect((await call('DELETE', faults)).said).toEqual({ healed: 2 })
    expect(lab.faults()).toEqual([])
  })

  it('lists every fault with its sentence', async () => {
    const { said } = await call('GET', faults)

    const available = said['available'] as readonly { name: string; says: string }[]
    expect(available.map(({ name }) => name)).toEqual(faultNames)
    for (const { says } of available) expect(says).toMatch(/^[A-Z].*\.$/u)
  })

  it('shows the whole state', async () => {
    await lab.inject('edge-a', 'black')
    await get(`${lab.urls.edges['edge-a']}/news/360p.m3u8`)

    const { said } = await call('GET', `${lab.urls.control}/lab/state`)

    expect(said).toEqual({
      now: START,
      urls: lab.urls,
      streams: [{ name: 'news', segmentSeconds: 2, window: 6, captions: false, lowLatency: false }],
      requests: { origin: 1, 'edge-a': 1 },
      faults: [{ id: 'f1', target: 'edge-a', fault: 'black', since: START }],
    })
  })

  it.each([
    [[], 400, 'A fault is described by an object.'],
    [{ fault: 'freeze' }, 400, 'The target is missing.'],
    [{ target: 'edge-a' }, 400, 'The fault is missing.'],
    [{ target: 'edge-c', fault: 'freeze' }, 400, 'There is no server "edge-c" in the lab.'],
    [{ target: 'edge-a/tv', fault: 'freeze' }, 400, 'There is no stream "tv" in the lab.'],
    [{ target: 'origin/news/4k', fault: 'freeze' }, 400, 'There is no rendition "4k" in the lab.'],
    [{ target: 'edge-a', fault: 'frieze' }, 400, 'There is no fault "frieze".'],
    [{ target: 'edge-a', fault: 'freeze', value: 1 }, 400, 'The fault freeze takes no value.'],
    [
      { target: 'edge-a', fault: 'delay', value: 0.5 },
      400,
      'The fault delay cannot take the value 0.5.',
    ],
    [{ target: 'edge-a', fault: 'freeze', for: '20' }, 400, '"for" is not a duration.'],
    [{ target: 'edge-a', fault: 'freeze', for: '0s' }, 400, 'A fault cannot last 0 ms.'],
    [{ target: 'edge-a', fault: 'freeze', fro: '2s' }, 400, 'A fault has no "fro".'],
  ])('answers %j with %d and a sentence', async (order, status, error) => {
    const answer = await call('POST', faults, order)

    expect(answer).toMatchObject({ status, said: { error } })
    expect(answer.said['todo']).toEqual(expect.any(String))
    expect(lab.faults()).toEqual([])
  })

  it.each([
    ['GET', '/lab', 'There is no GET "/lab" here.'],
    ['PUT', '/lab/faults', 'There is no PUT "/lab/faults" here.'],
    ['DELETE', '/lab/faults/f9', 'No fault "f9" is in force.'],
  ])('answers %s %s with 404', async (method, path, error) => {
    expect(await call(method, lab.urls.control + path)).toMatchObject({
      status: 404,
      said: { error },
    })
  })

  it('cannot be used by web pages of other origins', async () => {
    const order = JSON.stringify({ target: 'edge-a', fault: 'freeze' })

    const form = await open(faults, 'POST', {
      body: order,
      headers: { 'content-type': 'text/plain' },
    })
    const rebound = await open(faults, 'GET', { headers: { host: 'evil.example' } })

    expect([form.statusCode, rebound.statusCode]).toEqual([400, 403])
    expect(rebound.headers['access-control-allow-origin']).toBeUndefined()
    for (const answer of [form, rebound]) answer.destroy()
  })
})

describe('a timeline', () => {
  it('breaks and heals at its times', async () => {
    const planned = await startLab({
      ...options(),
      timeline: [
        { at: '30s', target: 'origin', fault: 'segments-404' },
        { at: '10s', for: '15s', target: 'edge-a/news', fault: 'freeze' },
      ],
    })
    const seen: string[] = []

    for (const step of [9_999, 1, 14_999, 1, 5_000]) {
      await clock.advance(step)
      const names = planned.faults().map(({ fault }) => fault)
      seen.push(names.join())
    }

    await planned.close()
    expect(seen).toEqual(['', 'freeze', 'freeze', '', 'segments-404'])
  })

  it.each([
    [{ at: 'soon', target: 'edge-a', fault: 'freeze' }, '"at" is not a duration.'],
    [{ at: '1s', target: 'edge-a', fault: 'nothing' }, 'There is no fault "nothing".'],
    [{ at: '1s', for: '1', target: 'edge-a', fault: 'hang' }, '"for" is not a duration.'],
  ])('with %j is refused before anything starts', async (entry, says) => {
    await expect(startLab({ ...options(), timeline: [entry] })).rejects.toThrow(says)
  })
})

describe('starting a lab', () => {
  it.each([
    [[], ['news'], 'The lab has no edge.'],
    [['origin'], ['news'], 'The name "origin" cannot be used.'],
    [['a', 'a'], ['news'], 'The name "a" cannot be used.'],
    [['a/b'], ['news'], 'The name "a/b" cannot be used.'],
    [['a'], ['news', 'news'], 'The name "news" cannot be used.'],
  ])('with edges %j and streams %j is refused', async (edges, streams, says) => {
    const named = (name: string) => ({ name })

    const starting = startLab({
      ...options(),
      edges: edges.map(named),
      streams: streams.map(named),
    })

    await expect(starting).rejects.toThrow(says)
  })

  it('on a port that is taken says so and leaves nothing running', async () => {
    const { port } = new URL(lab.urls.control)

    const starting = startLab({ ...options(), ports: { control: Number(port) } })

    await expect(starting).rejects.toMatchObject({
      message: `Port ${port} of 127.0.0.1 cannot be opened.`,
      todo: 'Choose another port, or 0 for any free one.',
    })
  })
})

describe('docs/lab.md', () => {
  it('lists every fault with the sentence of the code, and no other', async () => {
    const page = await readFile(new URL('../../docs/lab.md', import.meta.url), 'utf8')

    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` +\| (.+?) +\| (.+?) +\|$/gmu)]

    const expected = faultNames.map((name) => {
      const { says, value } = faultKind(name)
      return [name, says, value ? `${value.default} ${value.unit}` : '–']
    })
    expect(rows.map(([, name, says, value]) => [name, says, value])).toEqual(expected)
  })
})
