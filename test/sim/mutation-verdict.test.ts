import { describe, expect, test } from 'vitest'
import { mostSpecific, verdictOf } from './mutation-verdict.ts'

function report(message: string, failures: Readonly<Record<string, string>> = {}) {
  const assertionResults = Object.entries(failures).map(([fullName, says]) => ({
    status: says === '' ? 'passed' : 'failed',
    fullName,
    failureMessages: says === '' ? [] : [says],
  }))
  return { testResults: [{ message, assertionResults }] }
}

describe('what a run of tests says of a mutation', () => {
  test('an assertion that fails notices it, and what passes does not', () => {
    const says = 'AssertionError: expected 1 to be 2\n at x.ts:1'
    expect(verdictOf(report('', { moves: says, stays: '' }))).toEqual({
      noticed: ['moves'],
      late: [],
      broken: [],
    })
  })

  test('a test that ran out of time is late, and notices nothing', () => {
    const says = 'Error: Test timed out in 20000ms.\nIf this is a long-running test, pass a timeout'
    expect(verdictOf(report('', { freeze: says }))).toEqual({
      noticed: [],
      late: ['freeze'],
      broken: [],
    })
    const hook = 'Error: Hook timed out in 30000ms.'
    expect(verdictOf(report('', { freeze: hook })).noticed).toEqual([])
  })

  test('a file that does not load proves nothing; one that fails before its tests does', () => {
    expect(verdictOf(report("Unexpected token ')'")).broken).toEqual(["Unexpected token ')'"])
    expect(verdictOf(report("expected 'OBSERVE' to be 'STEADY'")).noticed).toHaveLength(1)
  })
})

test('named is the test that notices the fewest mutations', () => {
  const all = [['world', 'unit'], ['world'], ['world', 'unit', 'exact']]
  expect(all.map((each) => mostSpecific(each, all))).toEqual(['unit', 'world', 'exact'])
  expect(mostSpecific([], all)).toBeUndefined()
})
