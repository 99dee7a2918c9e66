import { assert, jsonValue, nat, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharesOf } from '../../src/core/allocation.ts'
import { weightsVersion, weightsVersionAfter } from '../../src/plugin/weights-version.ts'

const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const weights = tuple(nat(999), nat(999), nat(999)).map(
  (values) => new Map(paths.map((path, index) => [path, values[index] ?? 0])),
)

describe('the version of a target that holds one number for each path', () => {
  it('is known before a write: what it will be is what it then is, while all else stays', () => {
    assert(
      property(weights, weights, jsonValue(), (before, after, rest) => {
        const version = weightsVersion(before, paths, rest)

        expect(weightsVersionAfter(version, after, paths)).toBe(
          weightsVersion(after, paths, structuredClone(rest)),
        )
      }),
    )
  })

  it('differs where a number or anything else differs, and not by the order of keys', () => {
    const held = new Map([['cdn-a', 100]])
    const version = weightsVersion(held, paths, { ttl: 60, name: 'x' })

    expect(weightsVersion(held, paths, { name: 'x', ttl: 60 })).toBe(version)
    expect(weightsVersion(held, paths, { name: 'x', ttl: 61 })).not.toBe(version)
    expect(weightsVersion(new Map([['cdn-b', 100]]), paths, { name: 'x', ttl: 60 })).not.toBe(
      version,
    )
  })

  it('is nothing where the version is not one of ours', () => {
    expect(weightsVersionAfter('something else', new Map(), paths)).toBeUndefined()
  })
})

describe('shares of weights', () => {
  it('add up to 100, never rise above what is exact by more than one, and keep nothing at nothing', () => {
    assert(
      property(weights, (given) => {
        const total = [...given.values()].reduce((sum, weight) => sum + weight, 0)

        const shares = sharesOf(given)

        const sum = Object.values(shares).reduce((a, b) => a + b, 0)
        expect(sum).toBe(total === 0 ? 0 : 100)
        for (const [path, weight] of given) {
          const exact = total === 0 ? 0 : (weight * 100) / total
          expect(Math.abs((shares[path] ?? 0) - exact)).toBeLessThan(1)
        }
      }),
    )
  })
})
