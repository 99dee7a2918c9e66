import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mutations } from './mutation-list.ts'

describe('the list of mutations', () => {
  test.each(mutations)('$name: the line stands in the source exactly once', ({ file, find }) => {
    const source = readFileSync(file, 'utf8')

    const found = source.split(find).length - 1

    expect(found, `${file} has this ${found} times:\n${find}`).toBe(1)
  })

  test('names no mutation twice', () => {
    const names = mutations.map(({ name }) => name)

    expect(names).toEqual([...new Set(names)])
  })
})
