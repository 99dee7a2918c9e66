import { expect, it } from 'vitest'
import { present } from '../../src/plugin/present.ts'

it('keeps what is a finite number, zero too, and leaves out what was not measured', () => {
  const values = { a: 0, b: -1.5, c: undefined, d: Number.NaN, e: Number.POSITIVE_INFINITY }

  expect(present(values)).toEqual({ a: 0, b: -1.5 })
})
