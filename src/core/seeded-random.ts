import type { Random } from './clock.ts'

/**
 * A reproducible source of chance: the same seed (an integer; its low 32 bits count) gives the same
 * numbers on every machine.
 *
 * The generator is sfc32 of Chris Doty-Humphrey's PractRand (public domain): 128 bits of state with
 * a counter, so every seed has a period of at least 2^32. Twelve rounds mix the seed in, as there.
 */
export function seededRandom(seed: number): Random {
  let a = 0
  let b = seed | 0
  let c = 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 12; round += 1) next()
  return { next }
}
