import { afterAll, beforeAll, expect, test } from 'vitest'
import { breakages, breakIt } from '../gameday/breakages.ts'
import { startGameDay, type GameDay } from '../gameday/gameday.ts'

let day: GameDay | undefined
beforeAll(async () => {
  day = await startGameDay()
}, 180_000)
afterAll(async () => {
  await day?.stop()
})

test(
  'game day: an edge process is killed, and viewers of the public name are served again',
  { timeout: 90_000 },
  async () => {
    const killed = breakages.find(({ name }) => name.includes('edge process'))
    if (day === undefined || killed === undefined) throw new Error('there is nothing to break')

    const before = await day.settle()
    const recovery = await breakIt(day, killed)

    expect(recovery).toMatchObject({
      moved: expect.any(Number) as number,
      recovered: expect.any(Number) as number,
    })
    expect((await day.view()).active).not.toBe(before)
  },
)
