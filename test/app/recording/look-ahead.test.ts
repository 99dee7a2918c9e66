import { describe, expect, it } from 'vitest'
import { lookAhead, type ForeseenLine } from '../../../src/app/recording/look-ahead.ts'
import type { PlacedLine } from '../../../src/app/recording/reader.ts'
import { header, Tape, wallStart } from './lines.ts'

async function foreseen(lines: AsyncIterable<PlacedLine>): Promise<ForeseenLine[]> {
  const found: ForeseenLine[] = []
  for await (const line of lookAhead(lines)) found.push(line)
  return found
}

/** `cdn-a@5 -> 10` for a look at second 5 whose next one is at second 10. */
function said(lines: readonly ForeseenLine[]): string[] {
  return lines.flatMap(({ line, next }) => {
    if (line.kind !== 'sample') return []
    const after = next === undefined ? 'nothing' : next.at / 1_000
    return `${line.path.split('/')[2]}@${line.at / 1_000} -> ${after}`
  })
}

describe('looking ahead', () => {
  it('tells for each look what the next one at the same path showed, and keeps the order', async () => {
    const tape = new Tape().looks('cdn-a', [0, 15], 'pass').looks('cdn-b', [2, 12], 'pass')

    const lines = await foreseen(tape.placed())

    expect(said(lines)).toEqual([
      'cdn-a@0 -> 5',
      'cdn-b@2 -> 7',
      'cdn-a@5 -> 10',
      'cdn-b@7 -> nothing',
      'cdn-a@10 -> nothing',
    ])
    expect(lines.map(({ line }) => line)).toEqual(tape.lines)
  })

  it('does not look further than a few cadences', async () => {
    const tape = new Tape()
      .looks('cdn-a', [0, 5], 'pass')
      .looks('cdn-a', [14, 15], 'pass')
      .looks('cdn-a', [100, 105], 'pass')
      .looks('cdn-b', [1, 101], 'pass')

    const lines = await foreseen(tape.placed())

    expect(said(lines).filter((each) => each.startsWith('cdn-a'))).toEqual([
      'cdn-a@0 -> 14',
      'cdn-a@14 -> nothing',
      'cdn-a@100 -> nothing',
    ])
  })

  it('does not look into another process, whose time is another', async () => {
    const tape = new Tape()
      .looks('cdn-a', [0, 5], 'pass')
      .add({ ...header, run: 'run-2', at: 0, wall: wallStart + 3_000 })
      .looks('cdn-a', [4, 5], 'pass')

    expect(said(await foreseen(tape.placed()))).toEqual([
      'cdn-a@0 -> nothing',
      'cdn-a@4 -> nothing',
    ])
  })

  it('holds no more than it must', async () => {
    let read = 0
    const tape = new Tape().looks('cdn-a', [0, 20_000], 'pass')
    async function* counted() {
      for await (const line of tape.placed()) {
        read += 1
        yield line
      }
    }
    let most = 0
    let given = 0
    for await (const _ of lookAhead(counted())) {
      given += 1
      most = Math.max(most, read - given)
    }

    expect(given).toBe(4_001)
    expect(most).toBeLessThan(6)
  })
})
