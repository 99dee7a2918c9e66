import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Agenda } from '../../../src/app/recording/agenda.ts'

function takeAll(agenda: Agenda<{ name: string }>, until: number): string[] {
  const taken: string[] = []
  for (let next = agenda.take(until); next !== undefined; next = agenda.take(until)) {
    taken.push(`${next.item.name}@${next.at}`)
  }
  return taken
}

describe('an agenda', () => {
  it('gives what is due in the order of time, and keeps the rest', () => {
    const agenda = new Agenda<{ name: string }>()
    agenda.set({ name: 'late' }, 30)
    agenda.set({ name: 'early' }, 10)
    agenda.set({ name: 'middle' }, 20)

    expect(takeAll(agenda, 20)).toEqual(['early@10', 'middle@20'])
    expect(takeAll(agenda, 40)).toEqual(['late@30'])
  })

  it('knows the newest instant of an item only, whether it moved back or forth or was taken out', () => {
    const agenda = new Agenda<{ name: string }>()
    const [later, sooner, gone] = [{ name: 'later' }, { name: 'sooner' }, { name: 'gone' }]
    for (const item of [later, sooner, gone]) agenda.set(item, 10)

    agenda.set(later, 25)
    agenda.set(sooner, 5)
    agenda.set(gone, undefined)

    expect(takeAll(agenda, 50)).toEqual(['sooner@5', 'later@25'])
  })

  it('behaves as a sorted list would, whatever is set and taken', () => {
    const step = fc.record({
      item: fc.integer({ min: 0, max: 5 }),
      at: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
      take: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const items = Array.from({ length: 6 }, (_, index) => ({ name: String(index) }))
        const agenda = new Agenda<{ name: string }>()
        const model = new Map<string, number>()
        for (const { item, at, take } of steps) {
          const chosen = items[item]
          if (chosen === undefined) continue
          agenda.set(chosen, at)
          if (at === undefined) model.delete(chosen.name)
          else model.set(chosen.name, at)
          if (!take) continue
          const due = [...model].filter(([, when]) => when <= 25)
          for (const [name] of due) model.delete(name)

          const taken = takeAll(agenda, 25)

          expect(taken.toSorted()).toEqual(due.map(([name, when]) => `${name}@${when}`).toSorted())
          const times = taken.map((each) => Number(each.split('@')[1]))
          expect(times).toEqual(times.toSorted((a, b) => a - b))
        }
      }),
    )
  })
})
