import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allTo, type Allocation } from '../../../src/core/allocation.ts'
import {
  describeSets,
  parseSets,
  RecordPlan,
  recordSets,
  textOfSets,
} from '../../../src/plugin/dns/record-sets.ts'

const paths = ['cdn-a', 'cdn-b']

const balanced = new RecordPlan(paths, {
  'cdn-a': ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
  'cdn-b': ['198.51.100.1'],
})

describe('the records of a path', () => {
  it('all serve where it carries everything, in both address families', () => {
    const plan = new RecordPlan(paths, {
      'cdn-a': ['192.0.2.2', '192.0.2.1', '2001:DB8::0001'],
      'cdn-b': ['198.51.100.1'],
    })

    expect(textOfSets(plan.setsFor(allTo('cdn-a', paths)))).toBe(
      'A=192.0.2.1,192.0.2.2 AAAA=2001:db8::1',
    )
    expect(textOfSets(plan.setsFor(allTo('cdn-b', paths)))).toBe('A=198.51.100.1')
  })

  it('may be one name, which is an alias', () => {
    const plan = new RecordPlan(paths, {
      'cdn-a': ['Live.A.example.'],
      'cdn-b': ['live.b.example'],
    })

    const sets = plan.setsFor(allTo('cdn-a', paths))

    expect(describeSets(sets)).toBe('CNAME live.a.example')
    expect(plan.read(sets)).toEqual({
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
      strangers: [],
      isWhole: true,
    })
  })

  it.each<[number, number, string, number]>([
    [75, 25, 'A=192.0.2.1,192.0.2.2,192.0.2.3,198.51.100.1', 75],
    [50, 50, 'A=192.0.2.1,198.51.100.1', 50],
    [60, 40, 'A=192.0.2.1,192.0.2.2,198.51.100.1', 67],
    // A tenth cannot be shown, and half would be far from it.
    [90, 10, 'A=192.0.2.1,192.0.2.2,192.0.2.3', 100],
    [86, 14, 'A=192.0.2.1,192.0.2.2,192.0.2.3,198.51.100.1', 75],
    [3, 97, 'A=198.51.100.1', 0],
    [0, 100, 'A=198.51.100.1', 0],
  ])('are as many as weights of %i and %i ask for', (a, b, text, shown) => {
    const sets = balanced.setsFor({ 'cdn-a': a, 'cdn-b': b })

    expect(textOfSets(sets)).toBe(text)
    expect(balanced.read(sets).allocation).toEqual({ 'cdn-a': shown, 'cdn-b': 100 - shown })
  })

  it('never share an alias: the heaviest path gets it', () => {
    const plan = new RecordPlan(paths, { 'cdn-a': ['live.a.example'], 'cdn-b': ['live.b.example'] })

    expect(textOfSets(plan.setsFor({ 'cdn-a': 40, 'cdn-b': 60 }))).toBe('CNAME=live.b.example')
  })

  it('that somebody took out or put in by hand are seen', () => {
    const short = recordSets({ A: ['192.0.2.1', '192.0.2.2'] })
    const foreign = recordSets({ A: ['192.0.2.1', '203.0.113.9'] })

    expect(balanced.read(short)).toMatchObject({ allocation: { 'cdn-a': 100 }, isWhole: true })
    expect(balanced.isShown(short, allTo('cdn-a', paths))).toBe(false)
    expect(balanced.read(foreign)).toEqual({
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
      strangers: ['203.0.113.9'],
      isWhole: false,
    })
    expect(balanced.read(recordSets({ A: ['192.0.2.2'] })).isWhole).toBe(false)
    expect(balanced.read(recordSets({}))).toMatchObject({ allocation: { 'cdn-a': 0, 'cdn-b': 0 } })
  })
})

const group = fc
  .array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 6 })
  .chain((places) => {
    const names = places.map((_, index) => `p${index}`)
    const records = Object.fromEntries(
      places.map((count, index) => [
        `p${index}`,
        Array.from({ length: count }, (_, place) => `10.${index}.0.${place}`),
      ]),
    )
    const weights = fc
      .array(fc.integer({ min: 0, max: 20 }), { minLength: names.length, maxLength: names.length })
      .filter((given) => given.some((weight) => weight > 0))
      .map((given): Allocation => {
        const total = given.reduce((all, each) => all + each, 0)
        const floors = given.map((weight) => Math.floor((weight * 100) / total))
        const first = given.findIndex((weight) => weight > 0)
        floors[first] = (floors[first] ?? 0) + 100 - floors.reduce((all, each) => all + each, 0)
        return Object.fromEntries(names.map((name, index) => [name, floors[index] ?? 0]))
      })
    return fc.record({
      plan: fc.constant(new RecordPlan(names, records)),
      names: fc.constant(names),
      places: fc.constant(places),
      wanted: weights,
    })
  })

describe('a plan of records', () => {
  it('is never empty, and gives nothing to a path without weight', () => {
    fc.assert(
      fc.property(group, ({ plan, names, wanted }) => {
        const { allocation, strangers, isWhole } = plan.read(plan.setsFor(wanted))

        expect(names.reduce((all, name) => all + (allocation[name] ?? 0), 0)).toBe(100)
        expect(names.filter((name) => wanted[name] === 0 && allocation[name] !== 0)).toEqual([])
        expect([strangers, isWhole]).toEqual([[], true])
      }),
    )
  })

  it('stays as it is where what it shows is wanted', () => {
    fc.assert(
      fc.property(group, ({ plan, wanted }) => {
        const sets = plan.setsFor(wanted)

        expect(plan.isShown(sets, wanted)).toBe(true)
        expect(plan.isShown(sets, plan.read(sets).allocation)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is as near as any other way to fill the places', () => {
    fc.assert(
      fc.property(group, ({ plan, names, places, wanted }) => {
        fc.pre(places.length < 4)
        const off = (filled: readonly number[]) => {
          const total = filled.reduce((all, each) => all + each, 0)
          return names.reduce(
            (all, name, index) =>
              all + Math.abs(((filled[index] ?? 0) * 100) / total - (wanted[name] ?? 0)),
            0,
          )
        }
        const ways = places
          .reduce<number[][]>(
            (all, count) =>
              all.flatMap((way) => Array.from({ length: count + 1 }, (_, more) => [...way, more])),
            [[]],
          )
          .filter((way) => way.some((count) => count > 0))
          .filter((way) =>
            way.every((count, index) => count === 0 || wanted[names[index] ?? ''] !== 0),
          )
        const { allocation } = plan.read(plan.setsFor(wanted))
        const ours = names.reduce(
          (all, name) => all + Math.abs((allocation[name] ?? 0) - (wanted[name] ?? 0)),
          0,
        )

        // Shares are whole numbers here: each may be off by less than one more.
        expect(ours).toBeLessThan(Math.min(...ways.map((way) => off(way))) + names.length)
      }),
    )
  })

  it('survives as text, and other text is none', () => {
    fc.assert(
      fc.property(group, ({ plan, wanted }) => {
        const sets = plan.setsFor(wanted)

        expect(parseSets(textOfSets(sets))).toEqual(sets)
      }),
    )
    expect(parseSets('')).toEqual(recordSets({}))
    for (const text of [
      'A=',
      'A=::1',
      'MX=1',
      'A=10.0.0.1 A=10.0.0.2',
      'A=10.0.0.2,10.0.0.1',
      ' ',
    ]) {
      expect(parseSets(text)).toBeUndefined()
    }
  })
})
