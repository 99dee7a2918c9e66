import { describe, expect, it } from 'vitest'
import type { Picture } from '../../../src/core/picture.ts'
import { seededRandom } from '../../../src/core/seeded-random.ts'
import { thumbnailBytes } from '../../../src/formats/picture/thumbnail.ts'
import type { DecodeRequest } from '../../../src/plugin/deep/decode.ts'
import { type Cut, StreamDeepWatch } from '../../../src/plugin/deep/stream-watch.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { fakePrograms } from '../../fakes/fake-programs.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'

const whole: Cut = (media): readonly DecodeRequest[] => [
  { media, container: 'mpegts', hasPicture: true, hasSound: false },
]

/** A stream of ten bytes a tenth of a second; FFmpeg answers at once with what `shows` says. */
function scene(cut: Cut = whole, every = 30_000) {
  const clock = new FakeClock()
  const pictures: Picture[] = []
  const answers = { level: 100, frames: 2, moves: false }
  let shade = 0
  const { processes, started } = fakePrograms({
    start: async (request) => {
      started.push({ request, args: [], stopped: false })
      for (let nth = 0; nth < answers.frames; nth++) {
        shade = (shade + 30) % 120
        const level = answers.moves ? answers.level + shade : answers.level
        request.onOutput(Buffer.alloc(thumbnailBytes, level))
      }
      request.onEnd()
      return { ok: true, stop: () => {} }
    },
  })
  const context = {
    clock,
    random: seededRandom(1),
    net: new ScriptedNet(clock),
    processes,
    due: (async function* () {})(),
    signal: new AbortController().signal,
    everyMs: 2_000,
    showPicture: (picture: Picture) => void pictures.push(picture),
  }
  const deep = new StreamDeepWatch({ every }, context, cut)
  return {
    clock,
    deep,
    answers,
    pieces: () => started.map(({ request }) => request.input?.length),
    async flows(seconds: number) {
      for (let nth = 0; nth < 10 * seconds; nth++) {
        deep.push(Buffer.alloc(10))
        await clock.advance(100)
      }
    },
  }
}

describe('deep looks at a stream without end', () => {
  it('take four seconds of it now and then, and nothing in between', async () => {
    const session = scene()
    session.answers.moves = true
    await session.flows(100)

    // At once; then a random part of the interval later, 15 s at least; then each 30 s.
    expect(session.pieces().length).toBeGreaterThanOrEqual(4)
    expect(session.pieces().length).toBeLessThanOrEqual(5)
    for (const bytes of session.pieces()) expect(bytes).toBe(410)
  })

  it('follow each other while something may be wrong, and measure how long it lasts', async () => {
    const session = scene()
    session.answers.level = 0
    await session.flows(30)

    expect(session.pieces().length).toBeGreaterThanOrEqual(7)
    expect(session.deep.measurements['picture_black_seconds']).toBeGreaterThan(20)
    expect(session.deep.measurements['picture_black_seconds']).toBeLessThan(30)
    expect(session.deep.measurements['picture_frozen_seconds']).toBe(0)
  })

  it('begin at once where the scheduler suspects something', async () => {
    const session = scene(() => [])
    await session.flows(5)
    await session.flows(40)
    const calm = session.deep.isTaking
    session.deep.suspect('suspicion')

    expect(calm).toBe(false)
    expect(session.deep.isTaking).toBe(true)
    session.deep.suspect('interval')
    expect(session.deep.isTaking).toBe(false)
  })

  it('take longer pieces where a piece holds no key frame', async () => {
    const session = scene()
    session.answers.frames = 0
    await session.flows(40)

    expect(session.pieces().slice(0, 4)).toEqual([410, 810, 1_610, undefined].slice(0, 3))
    expect(session.deep.findings).toMatchObject([{ code: 'not-decoded' }])
  })

  it('never put together what two connections brought', async () => {
    const session = scene()
    await session.flows(3)
    session.deep.restart()
    await session.flows(3)
    expect(session.pieces()).toEqual([])

    await session.flows(2)

    expect(session.pieces()).toEqual([410])
  })

  it('keep no more than sixteen mebibytes of a piece', async () => {
    const session = scene()
    for (let nth = 0; nth < 6; nth++) {
      session.deep.push(Buffer.alloc(4 * 2 ** 20))
      await session.clock.advance(1_000)
    }

    expect(session.pieces()).toEqual([16 * 2 ** 20])
  })

  it('say why nothing can be decoded', async () => {
    const session = scene(() => ({ ok: false, why: 'its packets are scrambled' }))
    await session.flows(5)

    expect(session.deep.findings).toEqual([
      {
        code: 'not-decoded',
        severity: 'info',
        says: 'Picture and sound are not looked at: its packets are scrambled.',
      },
    ])
    expect(session.deep.measurements).toEqual({})
  })
})
