import type { GameDay } from './gameday.ts'

/** One way to break it; gives how it is healed. */
export interface Breakage {
  readonly name: string
  readonly run: (day: GameDay, edge: string) => Promise<() => Promise<void>>
}

/** What came of it, in milliseconds since it was broken; absent where it did not happen. */
export interface Recovery {
  readonly name: string
  readonly noticed?: number
  readonly moved?: number
  /** From the first bad look of a viewer to the first good one after the last bad one. */
  readonly gap?: number
  readonly recovered?: number
}

const patienceMs = 40_000

/** Eight ways, one after the other; each on the edge that carries the traffic. */
export const breakages: readonly Breakage[] = [
  { name: 'the playlist freezes', run: (day, edge) => day.inject(edge, 'freeze') },
  { name: 'segments are 404', run: (day, edge) => day.inject(edge, 'segments-404') },
  { name: 'bodies stop half-way', run: (day, edge) => day.inject(edge, 'stall') },
  { name: 'connections are reset', run: (day, edge) => day.inject(edge, 'reset') },
  { name: 'the edge process is killed (-9)', run: (day, edge) => day.killEdge(edge) },
  {
    name: 'the watchdog is killed (-9) while an edge hangs, and restarted',
    run: async (day, edge) => {
      await day.killWatchdog()
      const heal = await day.inject(edge, 'hang')
      await day.startWatchdog()
      return heal
    },
  },
  { name: 'an HTML page in place of the playlist', run: (day, edge) => day.inject(edge, 'html') },
  { name: 'answers begin 5 s late', run: (day, edge) => day.inject(edge, 'delay', 5_000) },
]

/** Breaks it, waits until a viewer is served again, and heals it. */
export async function breakIt(day: GameDay, { name, run }: Breakage): Promise<Recovery> {
  const edge = await day.settle()
  const brokenAt = Date.now()
  const heal = await run(day, edge)
  const isAway = async () => {
    const now = await day.view().catch(() => undefined)
    return now?.active !== undefined && now.active !== edge && now.intent === undefined
  }
  while (!(await isAway()) && Date.now() - brokenAt < patienceMs) await pause(100)
  // A player that was starved needs a look or two more until it is sure.
  let gap = day.viewer.gap(brokenAt)
  for (let round = 0; round < 30; round += 1) {
    await pause(200)
    gap = day.viewer.gap(brokenAt)
    if (round > 12 && gap.goodAt !== undefined) break
  }
  const entries = (await day.journal()).filter(({ at }) => at >= brokenAt)
  const first = (kind: string) =>
    entries
      .toReversed()
      .find(
        (entry) =>
          entry.kind === kind &&
          (kind !== 'health' || (entry.path === edge && entry.data?.['health'] === 'down')),
      )?.at
  await heal()
  const since = (at: number | undefined) => (at === undefined ? undefined : at - brokenAt)
  const { badAt, goodAt } = gap
  const [noticed, moved] = [since(first('health')), since(first('applied'))]
  return {
    name,
    ...(noticed !== undefined && { noticed }),
    ...(moved !== undefined && { moved }),
    ...(badAt === undefined && moved !== undefined && { gap: 0, recovered: 0 }),
    ...(badAt !== undefined &&
      goodAt !== undefined && { gap: goodAt - badAt, recovered: goodAt - brokenAt }),
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
