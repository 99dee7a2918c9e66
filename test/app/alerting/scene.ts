import { createAlerting } from '../../../src/app/alerting/alerting.ts'
import type { Alerting } from '../../../src/app/alerting/alerting-options.ts'
import type { AlertRoute } from '../../../src/app/alerting/deliveries.ts'
import type { RouteRules } from '../../../src/app/alerting/routing.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { Condition } from '../../../src/core/condition.ts'
import { silentLog } from '../../../src/core/log.ts'
import type { Notice, Severity } from '../../../src/core/notice.ts'
import { seededRandom } from '../../../src/core/seeded-random.ts'
import type { Delivery } from '../../../src/plugin/notifier.ts'
import { memoryDisk, memoryStore, type MemoryStore } from '../../../src/simulation/memory-store.ts'

export const CLEAR_MS = 30_000
export const GROUP = 'channel-1/cdn'

interface Sleeper {
  readonly at: number
  readonly wake: (elapsed: boolean) => void
}

/** Virtual time: `pass` fires timers in order and lets everything settle in between. */
class VirtualTime {
  now = 0
  wallAhead = 1_800_000_000_000
  /** How often somebody asked what time it is on the wall. */
  wallReads = 0
  readonly #sleepers = new Set<Sleeper>()

  /** The clock of one process, until `isDead` says that it was killed. */
  clock(isDead: () => boolean = () => false): Clock {
    return {
      now: () => this.now,
      wall: () => {
        this.wallReads += 1
        return this.now + this.wallAhead
      },
      sleep: (ms, signal) => {
        if (signal?.aborted === true) return Promise.resolve(false)
        return new Promise((resolve) => {
          const sleeper: Sleeper = {
            at: this.now + Math.max(ms, 0),
            wake: (elapsed) => {
              this.#sleepers.delete(sleeper)
              if (!isDead()) resolve(elapsed)
            },
          }
          this.#sleepers.add(sleeper)
          signal?.addEventListener('abort', () => sleeper.wake(false), { once: true })
        })
      },
    }
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    await settle()
    for (;;) {
      const next = [...this.#sleepers].sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > end) break
      this.now = Math.max(this.now, next.at)
      next.wake(true)
      await settle()
    }
    this.now = end
  }
}

/** Lets every promise chain that needs no timer run to its end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A route that keeps what it took. `answer` decides each attempt. */
class FakeRoute implements Omit<AlertRoute, 'refreshEveryMs' | 'takesChanges' | 'read'> {
  readonly route: string
  readonly minSeverity: Severity
  /** Of the next process: how often the service must hear of an open incident. */
  refreshEveryMs: number | undefined
  /** Of the next process: whether it is sent changes. */
  takesChanges: true | undefined
  /** Of the next process: what its service tells; each request is read as this. */
  read: AlertRoute['read'] | undefined
  /** Of the next process: what reaches it, and when. */
  rules: RouteRules = {}
  readonly attempts: { readonly notice: Notice; readonly at: number }[] = []
  readonly taken: Notice[] = []
  /** The receipt that each attempt was handed. */
  readonly handed: (string | undefined)[] = []
  answer: (notice: Notice) => Delivery | Promise<Delivery> = () => ({ ok: true })
  readonly #time: VirtualTime

  constructor(time: VirtualTime, route: string, minSeverity: Severity = 'info') {
    this.#time = time
    this.route = route
    this.minSeverity = minSeverity
  }

  readonly send = async (notice: Notice, receipt?: string): Promise<Delivery> => {
    this.attempts.push({ notice, at: this.#time.now })
    this.handed.push(receipt)
    const delivery = await this.answer(notice)
    if (delivery.ok) this.taken.push(notice)
    return delivery
  }

  /** `trigger channel-1/cdn/cdn-a`, in the order in which they were taken. */
  get story(): string[] {
    return this.taken.map(({ action, key }) => `${action} ${key}`)
  }
}

/** A call of a process at which it ends, before or after the call did its work. */
export interface Death {
  readonly at: 'commit' | 'put' | 'settle' | 'send'
  readonly when: 'before' | 'after'
}

/** Processes of alerting that follow each other on one disk, with routes that outlive them. */
export class Scene {
  readonly time = new VirtualTime()
  readonly pager = new FakeRoute(this.time, 'pager', 'error')
  readonly hook = new FakeRoute(this.time, 'hook')
  readonly disk = memoryDisk(this.time.clock())
  readonly delivered: string[] = []
  /** Addresses of pictures, by full name of the path. */
  readonly pictures = new Map<string, string>()
  /** Trends, by full name of the path. */
  readonly trends = new Map<string, string>()
  store!: MemoryStore
  alerting!: Alerting
  /** Groups as configured from the next start on. */
  groups: readonly string[] = [GROUP]
  /** How the running process is going to end, once. */
  death: Death | undefined
  #processes = 0
  #ids = 0

  /** Starts a process; `prepare` may break its store before anything else happens. */
  async start(prepare: (store: MemoryStore) => void = () => {}): Promise<void> {
    this.#processes += 1
    this.death = undefined
    const number = this.#processes
    const isDead = () => this.#processes !== number
    const clock = this.time.clock(isDead)
    this.store = memoryStore(clock, { disk: this.disk })
    prepare(this.store)
    const { store } = this
    store.commit = this.#mortal('commit', isDead, store.commit.bind(store))
    store.put = this.#mortal('put', isDead, store.put.bind(store))
    store.settle = this.#mortal('settle', isDead, store.settle.bind(store))
    this.alerting = createAlerting({
      clock,
      random: seededRandom(number),
      ids: { next: () => `n${(this.#ids += 1)}` },
      store: this.store,
      routes: [this.pager, this.hook].map(
        ({ route, minSeverity, refreshEveryMs, takesChanges, read, rules, send }) => ({
          ...rules,
          route,
          minSeverity,
          ...(refreshEveryMs !== undefined && { refreshEveryMs }),
          ...(read !== undefined && { read }),
          ...(takesChanges === true && { takesChanges }),
          send: (notice, receipt) =>
            this.#mortal('send', isDead, (each: Notice) => send(each, receipt))(notice),
        }),
      ),
      groups: this.groups,
      clearForMs: CLEAR_MS,
      picture: (group, path) => this.pictures.get(`${group}/${path}`),
      trend: (group, path) => this.trends.get(`${group}/${path}`),
      log: silentLog,
      onDelivered: (route, delivery) => this.delivered.push(`${route} ${delivery.ok}`),
    })
    await settle()
  }

  /** SIGKILL: no timer of the process fires any more, and nothing of it reaches store or routes. */
  kill(): void {
    this.#processes += 1
  }

  /** The same function, which does nothing in a dead process and brings about the planned death. */
  #mortal<In, Out>(
    at: Death['at'],
    isDead: () => boolean,
    work: (input: In) => Promise<Out>,
  ): (input: In) => Promise<Out> {
    const never = new Promise<never>(() => {})
    return async (input) => {
      if (isDead()) return await never
      const when = this.death?.at === at ? this.death.when : undefined
      if (when === 'before') this.kill()
      if (isDead()) return await never
      const result = await work(input)
      if (when === 'after') this.kill()
      return isDead() ? await never : result
    }
  }

  evaluate(...list: readonly Condition[]): void {
    this.alerting.conditions(GROUP, list)
  }
}

/** A condition of path cdn-a, or of another path. */
export function condition(change: Partial<Condition> = {}): Condition {
  const path = change.path ?? 'cdn-a'
  return {
    key: `${GROUP}/${path}`,
    severity: 'critical',
    group: GROUP,
    path,
    diagnosis: 'playlist-stalled',
    title: `${path} is down: no new segment for 12.5s`,
    did: 'moved to cdn-b',
    todo: 'Check the encoder.',
    since: 1_800_000_000_000,
    details: { state: 'STEADY' },
    ...change,
  }
}
