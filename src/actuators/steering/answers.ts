import { serving } from '../../core/allocation.ts'
import type { Health } from '../../core/health.ts'
import { writeSteering, type PathwayClone } from '../../formats/steering/write-manifest.ts'
import type { GroupPublished } from '../../plugin/actuator.ts'
import { hashText, rank, type Contender } from './rank.ts'

/** What stays the same for a group. */
export interface Course {
  readonly paths: readonly string[]
  /** The pathway of each path. */
  readonly pathways: Readonly<Record<string, string>>
  readonly clones: readonly PathwayClone[]
  /** Whole seconds. */
  readonly ttl: number
}

/** So many orders are kept: of six paths every one, and of more those that came first. */
const mostKept = 1_000

/** The order of paths that carry nothing: how much is known for them. */
const places: Readonly<Record<Health, number>> = {
  up: 0,
  degraded: 1,
  contested: 2,
  unknown: 3,
  down: 4,
}

/**
 * The answers to one published allocation. Sessions that get the same order get the same manifest
 * but for their RELOAD-URI, so each order is written once.
 */
export class SteeringAnswers {
  readonly #course: Course
  readonly #published: GroupPublished
  readonly #names: readonly string[]
  readonly #contenders: readonly Contender[]
  readonly #written = new Map<string, ReturnType<typeof writeSteering>>()

  /** `published` has at least one path that carries traffic. */
  constructor(course: Course, published: GroupPublished) {
    this.#course = course
    this.#published = published
    // In configured order, whatever the order of the allocation.
    const on = new Set(serving(published.allocation))
    this.#names = course.paths.filter((path) => on.has(path))
    this.#contenders = this.#names.map((path) => ({
      seed: hashText(path),
      weight: published.allocation[path] ?? 0,
    }))
  }

  /** The manifest for a session, to be asked for again at `reloadUri`. */
  answer(session: string, reloadUri: string): string {
    const order = rank(this.#contenders, hashText(session))
    const { before, after } = this.#write(order)
    return before + JSON.stringify(reloadUri) + after
  }

  #write(order: readonly number[]): ReturnType<typeof writeSteering> {
    const key = order.join()
    const known = this.#written.get(key)
    if (known !== undefined) return known
    const { pathways, clones, ttl } = this.#course
    const priority = this.#listed(order).map((path) => pathways[path] ?? path)
    const written = writeSteering({ ttl, priority, clones })
    if (this.#written.size < mostKept) this.#written.set(key, written)
    return written
  }

  /**
   * Every path once. The first is the decision and stands there whatever its health: moving traffic
   * is the controller's business. Behind it, for players that cannot get on: what else carries
   * traffic, then what could, and what is down last.
   */
  #listed(order: readonly number[]): readonly string[] {
    const [first, ...others] = order.map((index) => this.#names[index] ?? '')
    const rest = this.#course.paths.filter((path) => !this.#names.includes(path))
    const { health } = this.#published
    const place = (path: string) => places[health[path] ?? 'unknown']
    const isDown = (path: string) => health[path] === 'down'
    const behind = [
      ...others.filter((path) => !isDown(path)),
      ...rest.filter((path) => !isDown(path)).sort((a, b) => place(a) - place(b)),
      ...others.filter(isDown),
      ...rest.filter(isDown),
    ]
    return [first ?? '', ...behind]
  }
}
