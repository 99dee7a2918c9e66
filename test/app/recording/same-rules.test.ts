import { describe, expect, it } from 'vitest'
import { readRecording } from '../../../src/app/recording/reader.ts'
import { replay } from '../../../src/app/recording/replay.ts'
import type { Settings } from '../../../src/core/settings.ts'
import { recordScene, sceneSettings } from './scene.ts'

const cadenceMs = 5_000

async function replayed(seed: number, settings: Settings = sceneSettings) {
  const { directory, rules, probe } = await recordScene(seed, 60)
  const notes = { files: 0, torn: 0 }
  const report = await replay({
    lines: readRecording(directory, notes),
    sides: [{ name: 'same', settings, rules }],
    shipped: rules,
    probes: [probe],
    withPeople: true,
  })
  const [group] = report.groups
  if (group?.replayed[0] === undefined) throw new Error('nothing was replayed')
  return { report, notes, recorded: group.recorded, again: group.replayed[0] }
}

describe('the rules that were in force', () => {
  it.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'decide the same again, within one cadence, on what a watchdog recorded (seed %i)',
    async (seed) => {
      const { report, notes, recorded, again } = await replayed(seed)

      const said = (card: typeof recorded) =>
        card.moves.map(({ from, to, reason }) => `${reason} from ${from} to ${to}`)
      expect(said(again)).toEqual(said(recorded))
      const off = again.moves.map((move, index) =>
        Math.abs(move.wall - (recorded.moves[index]?.wall ?? 0)),
      )
      expect(Math.max(0, ...off)).toBeLessThanOrEqual(cadenceMs)
      expect(Math.abs(again.outageMs - recorded.outageMs)).toBeLessThanOrEqual(
        cadenceMs * (1 + recorded.changes),
      )
      expect(report.runs).toBe(2)
      expect(notes.files).toBeGreaterThan(2)
    },
  )

  it('made changes at all, so that the comparison says something', async () => {
    const changes = await Promise.all([1, 2, 3].map((seed) => replayed(seed)))

    expect(changes.flatMap(({ recorded }) => recorded.moves).length).toBeGreaterThan(5)
  })
})
