import type { Clock, Random } from '../core/clock.ts'
import { ChangeoverError } from '../core/errors.ts'
import { loadClip, type Clip } from './clip.ts'
import { controlListener } from './control.ts'
import { Edge, type LabEdge } from './edge.ts'
import { FaultBoard, type ActiveFault, type FaultOrder } from './faults/fault-board.ts'
import { quoted, type TargetNames } from './faults/target.ts'
import type { Listener } from './listener.ts'
import { Origin } from './origin.ts'
import { Ingest } from './rtmp/ingest.ts'
import { Segments } from './segments.ts'
import { isName, programmeOf, type LabStream, type Programme } from './stream.ts'
import { Switch, type LabSwitch, type SwitchState } from './switch.ts'
import { readTimeline, runTimeline, type TimelineEntry } from './timeline.ts'

/** What the lab consists of. */
export interface LabOptions {
  readonly clock: Clock
  readonly random: Random
  readonly streams: readonly LabStream[]
  /** At least one; with a switch the first serves until checks say otherwise. */
  readonly edges: readonly LabEdge[]
  /** The public name in front of the edges; none when absent. */
  readonly switch?: LabSwitch
  /** Whether every stream can also be played by RTMP, from the server `ingest`; not unless told. */
  readonly rtmp?: boolean
  /** Ports on 127.0.0.1; 0, the default, is any free one. */
  readonly ports?: {
    readonly origin?: number
    readonly control?: number
    readonly switch?: number
    readonly rtmp?: number
    readonly edges?: Readonly<Record<string, number>>
  }
  /** Faults planned from the start on. */
  readonly timeline?: readonly TimelineEntry[]
}

/** Addresses such as `http://127.0.0.1:40123`; streams are at `/<stream>/main.m3u8` below. */
interface LabUrls {
  readonly origin: string
  readonly control: string
  readonly switch?: string
  /** `rtmp://127.0.0.1:40124/live`; streams are at `/<stream>` below. */
  readonly rtmp?: string
  readonly edges: Readonly<Record<string, string>>
}

/** Everything there is to know of a running lab, as `GET /lab/state` shows it. */
interface LabState {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly urls: LabUrls
  readonly streams: readonly Programme[]
  /** Requests since the start, by server. */
  readonly requests: Readonly<Record<string, number>>
  readonly faults: readonly ActiveFault[]
  readonly switch?: SwitchState
}

/** How long a fault lasts, in milliseconds, and its number. */
type FaultDetails = Pick<FaultOrder, 'forMs' | 'value'>

/** A running lab. */
export interface Lab {
  readonly urls: LabUrls
  /**
   * Breaks `target` (`<server>[/<stream>[/<rendition>]]`). Resolves when the fault is in force;
   * rejects with a usage error for a name or number that does not exist.
   */
  inject(target: string, fault: string, more?: FaultDetails): Promise<ActiveFault>
  /** Ends a fault; `false` when it was not in force. Resolves when it has no more effect. */
  heal(id: string): Promise<boolean>
  /** Ends all faults and says how many. */
  healAll(): Promise<number>
  faults(): readonly ActiveFault[]
  state(): LabState
  /** Gives the switch other checks, by edge. */
  follow(checks: Readonly<Record<string, string>>): void
  /** Closes every port and connection, and ends every wait. */
  close(): Promise<void>
}

/**
 * Starts origin, edges, switch and control API on loopback. Rejects with a usage error when a name
 * is wrong or double, an option is out of range or a port is taken; then nothing is left running.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const lab = new RunningLab(options, await loadClip())
  try {
    await lab.open()
  } catch (error) {
    await lab.close()
    throw error
  }
  return lab
}

class RunningLab implements Lab {
  readonly #options: LabOptions
  readonly #programmes: readonly Programme[]
  readonly #board: FaultBoard
  readonly #planned: ReturnType<typeof readTimeline>
  readonly #origin: Origin
  readonly #ingest: Ingest | undefined
  readonly #edges: Edge[] = []
  readonly #control: Listener
  readonly #stop = new AbortController()
  #switch: Switch | undefined
  /** Settles when every port is as open as the faults in force allow. */
  #doors: Promise<unknown> = Promise.resolve()

  constructor(options: LabOptions, clip: Clip) {
    const { clock, random, streams, edges, timeline = [], rtmp = false } = options
    const programmes = streams.map(programmeOf)
    const names = {
      servers: ['origin', ...(rtmp ? ['ingest'] : []), ...edges.map(({ name }) => name)],
      streams: programmes.map(({ name }) => name),
    }
    checkNames(names)
    const board = new FaultBoard(clock, names, () => this.#setDoors())
    this.#options = options
    this.#programmes = programmes
    this.#board = board
    this.#planned = readTimeline(timeline, board)
    this.#origin = new Origin({ clock, board, segments: new Segments(clip), programmes })
    this.#ingest = rtmp
      ? new Ingest({ clock, random, board, clip, streams: names.streams })
      : undefined
    this.#control = controlListener(this)
  }

  get urls(): LabUrls {
    return {
      origin: this.#origin.listener.url,
      control: this.#control.url,
      ...(this.#switch ? { switch: this.#switch.listener.url } : {}),
      ...(this.#ingest ? { rtmp: this.#ingest.url } : {}),
      edges: Object.fromEntries(this.#edges.map(({ name, listener }) => [name, listener.url])),
    }
  }

  async open(): Promise<void> {
    const { clock, random, edges, ports = {} } = this.#options
    await this.#origin.listener.listen(ports.origin ?? 0)
    await this.#ingest?.listen(ports.rtmp ?? 0)
    for (const edge of edges) {
      const { url } = this.#origin.listener
      const opened = new Edge({ edge, clock, board: this.#board, origin: url })
      this.#edges.push(opened)
      await opened.listener.listen(ports.edges?.[edge.name] ?? 0)
    }
    if (this.#options.switch) {
      const parts = { ...this.#options.switch, clock, random, edges: this.urls.edges }
      this.#switch = new Switch(parts)
      await this.#switch.listen(ports.switch ?? 0)
    }
    await this.#control.listen(ports.control ?? 0)
    void runTimeline(this.#planned, this.#board, clock, this.#stop.signal)
  }

  inject(target: string, fault: string, more: FaultDetails = {}): Promise<ActiveFault> {
    return this.order({ target, fault, ...more })
  }

  async order(order: FaultOrder): Promise<ActiveFault> {
    const fault = this.#board.inject(order)
    await this.#doors
    return fault
  }

  async heal(id: string): Promise<boolean> {
    const healed = this.#board.heal(id)
    await this.#doors
    return healed
  }

  async healAll(): Promise<number> {
    const count = this.#board.healAll()
    await this.#doors
    return count
  }

  faults(): readonly ActiveFault[] {
    return this.#board.active()
  }

  state(): LabState {
    const servers = [this.#origin, ...(this.#ingest ? [this.#ingest] : []), ...this.#edges]
    return {
      now: this.#options.clock.wall(),
      urls: this.urls,
      streams: this.#programmes,
      requests: Object.fromEntries(servers.map(({ name, requests }) => [name, requests])),
      faults: this.faults(),
      ...(this.#switch ? { switch: this.#switch.state() } : {}),
    }
  }

  follow(checks: Readonly<Record<string, string>>): void {
    this.#switch?.follow(checks)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#board.healAll()
    await this.#doors.catch(() => undefined)
    await Promise.all([this.#control.setOpen(false), this.#switch?.close()])
    await Promise.all(this.#edges.map((edge) => edge.close()))
    await this.#ingest?.setOpen(false)
    await this.#origin.listener.setOpen(false)
  }

  #setDoors(): void {
    if (this.#stop.signal.aborted) return
    const openOrClose = (name: string, door: Pick<Listener, 'setOpen'>) =>
      door.setOpen(!this.#board.isRefusing(name))
    this.#doors = Promise.all([
      ...[this.#origin, ...this.#edges].map(({ name, listener }) => openOrClose(name, listener)),
      this.#ingest && openOrClose(this.#ingest.name, this.#ingest),
    ])
    // Who waits for the doors hears of it; a fault that heals by itself has nobody to tell.
    this.#doors.catch(() => undefined)
  }
}

function checkNames({ servers, streams }: TargetNames): void {
  const isDouble = (name: string, index: number, names: readonly string[]) =>
    names.indexOf(name) !== index
  const bad =
    servers.find((name, index) => !isName(name) || isDouble(name, index, servers)) ??
    streams.find(isDouble)
  if (bad === undefined && servers.length > 1) return
  const says =
    bad === undefined ? 'The lab has no edge.' : `The name ${quoted(bad)} cannot be used.`
  throw new ChangeoverError('USAGE', says, {
    todo: 'Give at least one edge; names are lower-case letters, digits and hyphens, each used once.',
  })
}
