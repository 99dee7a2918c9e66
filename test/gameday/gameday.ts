import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JournalEntry } from '../../src/core/journal.ts'
import type { GroupView, WatchdogView } from '../../src/core/view.ts'
import { freePort } from '../../src/cli/free-port.ts'
import { eventually, startChild } from '../real/child.ts'
import type { LabOrder } from './lab.process.ts'
import { startViewer, type Viewer } from './viewer.ts'

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const group = 'channel-1/cdn'
const playlist = '/channel-1/main.m3u8'

type Child = ReturnType<typeof startChild>

/** A fresh demo installation in processes of its own: the lab, an edge each, the watchdog, and a viewer in front. */
export interface GameDay {
  readonly viewer: Viewer
  view(): Promise<GroupView>
  journal(): Promise<readonly JournalEntry[]>
  /** Breaks the lab; gives how it is healed. */
  inject(target: string, fault: string, value?: number): Promise<() => Promise<void>>
  killEdge(name: string): Promise<() => Promise<void>>
  killWatchdog(): Promise<void>
  startWatchdog(): Promise<void>
  /** Waits until everything is up and nothing is under way; gives the edge that carries the traffic. */
  settle(): Promise<string>
  stop(): Promise<void>
}

/** Starts it on free ports of loopback; a port that another program took meanwhile makes it begin anew. */
export async function startGameDay(attempts = 5): Promise<GameDay> {
  const day = await begin()
  const failed = await day.settle().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (failed === undefined) return day
  await day.stop()
  if (attempts <= 1) throw failed
  return await startGameDay(attempts - 1)
}

async function begin(): Promise<GameDay> {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-gameday-'))
  // All at once, so that no two are the same.
  const ports = await Promise.all(Array.from({ length: 7 }, async () => (await freePort(0)) ?? 0))
  const [control = 0, name = 0, api = 0, labA = 0, frontA = 0, labB = 0, frontB = 0] = ports
  const order: LabOrder = {
    control,
    public: name,
    edges: { 'edge-a': { lab: labA, front: frontA }, 'edge-b': { lab: labB, front: frontB } },
    serve: `http://127.0.0.1:${api}/serve/${group}`,
  }
  const children = new Set<Child>()
  const start = (script: string, args: readonly string[]) => {
    const child = startChild(process.execPath, [file(script), ...args], folder)
    children.add(child)
    return child
  }
  const end = async (child: Child | undefined) => {
    if (child === undefined) return
    await child.kill()
    children.delete(child)
  }
  const configuration = join(folder, 'changeover.yaml')
  writeFileSync(configuration, configurationOf(order, api))
  const relay = (edge: string) => {
    const { front = 0, lab = 0 } = order.edges[edge] ?? {}
    return start('./relay.process.ts', [String(front), String(lab)])
  }
  start('./lab.process.ts', [JSON.stringify(order)])
  const fronts = new Map(Object.keys(order.edges).map((edge) => [edge, relay(edge)]))
  let watchdog: Child | undefined
  const view = async (): Promise<GroupView> => {
    const state = (await json(`http://127.0.0.1:${api}/api/v1/state`)) as WatchdogView
    const [found] = state.groups
    if (found === undefined) throw new Error('no group')
    return found
  }
  let active = ''
  let shown = ''
  const isSteady = async () => {
    const dead = [...children].find((child) => !child.isRunning())
    if (dead !== undefined) throw new Error(`a part of it ended: ${dead.errors()}`)
    const now = await view().catch(() => undefined)
    active = now?.active ?? ''
    shown =
      now === undefined
        ? 'no answer'
        : `${now.state}: ${now.says}; ${now.paths.map(({ health, name, says }) => `${name} ${health}: ${says}`).join('; ')}`
    return (
      active !== '' &&
      now?.state === 'STEADY' &&
      now.intent === undefined &&
      now.holddownLeftMs === 0 &&
      now.paths.every(({ health, suspect }) => health === 'up' && !suspect)
    )
  }
  const day: GameDay = {
    viewer: startViewer(`http://127.0.0.1:${name}${playlist}`),
    view,
    journal: async () => {
      const found = await json(`http://127.0.0.1:${api}/api/v1/journal?limit=1000`)
      return (found as { entries: readonly JournalEntry[] }).entries
    },
    inject: async (target, fault, value) => {
      const url = `http://127.0.0.1:${control}/lab/faults`
      const body = JSON.stringify({ target, fault, ...(value !== undefined && { value }) })
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(url, { method: 'POST', headers, body })
      if (answer.status !== 201) throw new Error(`the lab refused ${fault}: ${await answer.text()}`)
      return async () => void (await fetch(url, { method: 'DELETE' }))
    },
    killEdge: async (edge) => {
      await end(fronts.get(edge))
      return async () => {
        fronts.set(edge, relay(edge))
        await Promise.resolve()
      }
    },
    killWatchdog: async () => await end(watchdog),
    startWatchdog: async () => {
      watchdog = start('../../src/main.ts', ['run', configuration])
      await Promise.resolve()
    },
    settle: async () => {
      await eventually(() => `it did not settle: ${shown}\n${errorsOf(children)}`, isSteady)
      return active
    },
    stop: async () => {
      await day.viewer.stop()
      for (const child of children) await child.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await day.startWatchdog()
  return day
}

function errorsOf(children: ReadonlySet<Child>): string {
  return [...children].map((child) => child.errors()).join('\n')
}

async function json(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  return await answer.json()
}

/** The demo's profile, with room for eight failures in a row. */
function configurationOf(order: LabOrder, api: number): string {
  const paths = Object.entries(order.edges).map(
    ([edge, { front }]) =>
      `          ${edge}: { type: hls, url: "http://127.0.0.1:${front}${playlist}", domain: ${edge} }`,
  )
  return [
    'profile: demo',
    'mode: armed',
    'store: sqlite:./changeover.db',
    `listen: { operator: "127.0.0.1:${api}" }`,
    'streams:',
    '  channel-1:',
    '    groups:',
    '      cdn:',
    '        paths:',
    ...paths,
    `        verify: { url: "http://127.0.0.1:${order.public}${playlist}" }`,
    '        budget: { changes: 100, per: 10m }',
    '        holddown: 5s',
    '        failback: { auto: false }',
    '        flaps: { half_life: 1s, suppress: 20000 }',
    '        actuators: [{ type: serve }]',
    '',
  ].join('\n')
}
