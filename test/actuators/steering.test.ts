import {
  array,
  assert,
  boolean,
  constantFrom,
  infiniteStream,
  integer,
  pre,
  property,
  record,
  string,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import steering from '../../src/actuators/steering.ts'
import { movedPoints, type Allocation } from '../../src/core/allocation.ts'
import type { Health } from '../../src/core/health.ts'
import { parseSteering } from '../../src/formats/steering/manifest.ts'
import type { GroupPublished } from '../../src/plugin/actuator.ts'
import { openForGroup, published } from './ask-group.ts'

const three = ['cdn-a', 'cdn-b', 'cdn-c']

/** The manifest of an answer, read as our own probe reads those of others. */
function read(answer: { readonly body: string }) {
  const reading = parseSteering(answer.body)
  if (!reading.ok) throw new Error(reading.says)
  expect(reading.findings).toEqual([])
  return reading.manifest
}

/** The first pathway of so many sessions. */
function firsts(ask: ReturnType<typeof openForGroup>, of: GroupPublished, sessions: number) {
  return Array.from({ length: sessions }, (_, index) => {
    const { priority } = read(ask(of, { query: { session: `session-${index}` } }))
    return priority[0] ?? ''
  })
}

describe('a steering manifest', () => {
  it('is what players of HLS and DASH understand', () => {
    const ask = openForGroup(steering, {}, three)

    const answer = ask(published({ 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 }))

    expect(answer.status).toBe(200)
    expect(answer.headers).toEqual({
      'cache-control': 'no-store',
      'content-type': 'application/json',
    })
    expect(JSON.parse(answer.body)).toEqual({
      VERSION: 1,
      TTL: 30,
      'RELOAD-URI': '?session=id-1',
      'PATHWAY-PRIORITY': ['cdn-a', 'cdn-b', 'cdn-c'],
    })
  })

  it('puts the path that carries the traffic first, whatever its health: health alone moves nobody', () => {
    const ask = openForGroup(steering, {}, three)
    const health = { 'cdn-a': 'up', 'cdn-b': 'down', 'cdn-c': 'up' } as const

    const answer = ask(published({ 'cdn-a': 0, 'cdn-b': 100, 'cdn-c': 0 }, { health }))

    expect(read(answer).priority).toEqual(['cdn-b', 'cdn-a', 'cdn-c'])
  })

  it('lists the others as ways around a broken path: what carries traffic, what could, what is down', () => {
    const paths = ['a', 'b', 'c', 'd', 'e']
    const ask = openForGroup(steering, {}, paths)
    const health = { a: 'down', b: 'unknown', c: 'up', d: 'up', e: 'degraded' } as const
    const of = published({ a: 0, b: 0, c: 50, d: 50, e: 0 }, { health })

    const lists = firstLists(ask, of)

    expect(lists).toEqual([
      ['c', 'd', 'e', 'b', 'a'],
      ['d', 'c', 'e', 'b', 'a'],
    ])
  })

  it('puts what carries traffic and is down behind what could, but for sessions that are on it', () => {
    const ask = openForGroup(steering, {}, three)
    const health = { 'cdn-a': 'down', 'cdn-b': 'up', 'cdn-c': 'up' } as const
    const of = published({ 'cdn-a': 50, 'cdn-b': 50, 'cdn-c': 0 }, { health })

    const lists = firstLists(ask, of)

    expect(lists).toEqual([
      ['cdn-a', 'cdn-b', 'cdn-c'],
      ['cdn-b', 'cdn-c', 'cdn-a'],
    ])
  })

  it('is asked for again soon while something may change, and seldom when all is calm', () => {
    const ask = openForGroup(steering, { ttl: '2m', ttl_suspect: '10s' }, three)
    const on = { 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 }

    expect(read(ask(published(on))).ttl).toBe(120)
    expect(read(ask(published(on, { isSuspect: true }))).ttl).toBe(10)
  })

  it('is asked for under the same session again, with what the publisher added to the address', () => {
    const ask = openForGroup(steering, {}, three)
    const query = {
      token: 'a b&c',
      session: 'viewer 7',
      _HLS_pathway: 'cdn-a',
      _HLS_throughput: '5',
      _DASH_pathway: '"cdn-a"',
    }

    const { reloadUri } = read(ask(published({ 'cdn-a': 100 }), { query }))

    const uri = new URL(reloadUri ?? '', 'https://steer.example/steering/ch/cdn?old=1')
    expect(uri.pathname).toBe('/steering/ch/cdn')
    expect([...uri.searchParams]).toEqual([
      ['session', 'viewer 7'],
      ['token', 'a b&c'],
    ])
  })

  it('gives a new session to whoever brings none, or an empty one', () => {
    const ask = openForGroup(steering, {}, three)
    const of = published({ 'cdn-a': 100 })

    const uris = [ask(of), ask(of, { query: { session: '' } })].map((each) => read(each).reloadUri)

    expect(uris).toEqual(['?session=id-1', '?session=id-2'])
  })

  it('names pathways as the playlists do, and those that players are to make', () => {
    const ask = openForGroup(
      steering,
      {
        pathways: { 'cdn-a': 'one', 'cdn-b': 'two', 'cdn-c': 'three' },
        clones: { 'cdn-c': { of: 'cdn-a', host: 'c.example', params: { edge: 'c' } } },
      },
      three,
    )

    const answer = ask(published({ 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 100 }))

    expect(read(answer).clones).toEqual([{ id: 'three', baseId: 'one' }])
    expect(JSON.parse(answer.body)).toMatchObject({
      'PATHWAY-PRIORITY': ['three', 'one', 'two'],
      'PATHWAY-CLONES': [
        {
          'BASE-ID': 'one',
          ID: 'three',
          'URI-REPLACEMENT': { HOST: 'c.example', PARAMS: { edge: 'c' } },
        },
      ],
    })
  })

  it('is not given while nothing was ever seen: who plays stays, and who comes begins as the playlist says', () => {
    const ask = openForGroup(steering, {}, three)

    const answer = ask(published({}))

    expect(answer.status).toBe(503)
    expect(answer.headers).toMatchObject({ 'retry-after': '5', 'cache-control': 'no-store' })
  })
})

describe('sessions', () => {
  const weights = array(integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 5 }).filter(
    (each) => each.some((weight) => weight > 0),
  )
  const sessions = 2_000

  function allocationOf(given: readonly number[]): Allocation {
    return Object.fromEntries(given.map((weight, index) => [`cdn-${index}`, weight]))
  }

  it('are shared out by weight', () => {
    assert(
      property(weights, (given) => {
        const allocation = allocationOf(given)
        const ask = openForGroup(steering, {}, Object.keys(allocation))
        const total = given.reduce((sum, weight) => sum + weight, 0)

        const seen = firsts(ask, published(allocation), sessions)

        for (const [path, weight] of Object.entries(allocation)) {
          const share = weight / total
          const got = seen.filter((first) => first === path).length / sessions
          // Five standard deviations of a fair draw.
          const room = 5 * Math.sqrt((share * (1 - share)) / sessions)
          expect(Math.abs(got - share)).toBeLessThanOrEqual(room)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('stay where they are when weights change, but for as few as must move', () => {
    assert(
      property(weights, infiniteStream(integer({ min: 0, max: 100 })), (given, more) => {
        const changed = given.map(() => Number(more.next().value))
        pre(changed.some((weight) => weight > 0))
        const [before, after] = [percent(given), percent(changed)]
        const ask = openForGroup(steering, {}, Object.keys(before))

        const from = firsts(ask, published(before), sessions)
        const to = firsts(ask, published(after), sessions)

        const moved = from.filter((first, index) => first !== to[index]).length / sessions
        const handed = movedPoints(before, after) / 100
        // The bound of correlated sampling, and five standard deviations of a draw.
        expect(moved).toBeLessThanOrEqual((2 * handed) / (1 + handed) + 0.06)
      }),
      { numRuns: 25 },
    )
  })

  it('that are on other paths do not move at all when one path is left', () => {
    const ask = openForGroup(steering, {}, three)
    const before = published({ 'cdn-a': 50, 'cdn-b': 30, 'cdn-c': 20 })
    // What is left is shared in the ratio that it had.
    const after = published({ 'cdn-a': 0, 'cdn-b': 60, 'cdn-c': 40 })

    const from = firsts(ask, before, sessions)
    const to = firsts(ask, after, sessions)

    const moved = from.filter((first, index) => first !== to[index])
    expect(new Set(moved)).toEqual(new Set(['cdn-a']))
    expect(from.filter((first) => first === 'cdn-a')).toHaveLength(moved.length)
  })

  it('are ranked alike by every process, whatever the order of the allocation', () => {
    const one = openForGroup(steering, {}, three)
    const two = openForGroup(steering, {}, three)

    const a = firsts(one, published({ 'cdn-a': 50, 'cdn-b': 30, 'cdn-c': 20 }), 200)
    const b = firsts(two, published({ 'cdn-c': 20, 'cdn-b': 30, 'cdn-a': 50 }), 200)

    expect(a).toEqual(b)
  })

  it('always get every path, each once, with one that carries traffic first', () => {
    const health = constantFrom<Health>('up', 'degraded', 'contested', 'unknown', 'down')
    const path = record({ weight: integer({ min: 0, max: 100 }), health })
    assert(
      property(
        array(path, { minLength: 1, maxLength: 9 }),
        string(),
        boolean(),
        (given, session, isSuspect) => {
          pre(given.some(({ weight }) => weight > 0))
          const allocation = allocationOf(given.map(({ weight }) => weight))
          const paths = Object.keys(allocation)
          const healths = Object.fromEntries(paths.map((name, at) => [name, given[at]?.health]))
          const of = { allocation, serveAll: false, isSuspect, health: healths as never }

          const { priority } = read(openForGroup(steering, {}, paths)(of, { query: { session } }))

          expect(priority.toSorted()).toEqual(paths.toSorted())
          expect(allocation[priority[0] ?? '']).toBeGreaterThan(0)
          const behind = priority.slice(1).map((name) => healths[name] === 'down')
          const firstDown = behind.indexOf(true)
          expect(firstDown === -1 || behind.slice(firstDown).every(Boolean)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  function percent(given: readonly number[]): Allocation {
    const total = given.reduce((sum, weight) => sum + weight, 0)
    return allocationOf(given.map((weight) => (100 * weight) / total))
  }
})

describe('options', () => {
  it.each<[string, object, string]>([
    ['two paths with one pathway', { pathways: { a: 'x', b: 'x' } }, 'two paths name the same'],
    ['a copy of a copy', { clones: { b: { of: 'a', host: 'h' }, c: { of: 'b', host: 'h' } } }, 'm'],
    ['a copy that is no other', { clones: { b: { of: 'a' } } }, 'expected a host, params or both'],
    ['a host with a port', { clones: { b: { of: 'a', host: 'h:80' } } }, 'without port'],
    ['no pathway', { pathways: { a: 'x y' } }, 'expected letters, digits'],
  ])('do not take %s', (_, given, says) => {
    const parsed = steering.options.safeParse(given)

    expect(parsed.error?.message).toContain(says)
  })

  it('say that a change takes as long as the time to live', () => {
    const { settleMs } = steering.capabilities(steering.options.parse({ ttl: '45s' }))

    expect(settleMs).toBe(45_000)
  })
})

/** Every list that sessions get, sorted. */
function firstLists(ask: ReturnType<typeof openForGroup>, of: GroupPublished) {
  const lists = Array.from({ length: 200 }, (_, index) =>
    read(ask(of, { query: { session: `session-${index}` } })).priority.join(' '),
  )
  return [...new Set(lists)].toSorted().map((list) => list.split(' '))
}
