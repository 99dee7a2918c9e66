import type { Random } from '../core/clock.ts'
import type { VantageReport } from '../core/health.ts'
import type { JournalKind } from '../core/journal.ts'
import { drillHurts, hurt } from './hurts.ts'
import type { Sight } from './vantages.ts'
import { deliverNow, groupOf, type World, type WorldOptions } from './world.ts'

/** Something that goes wrong in the simulated world, as a sentence and as what it does. */
export interface PlannedFault {
  readonly at: number
  readonly says: string
  readonly run: (world: World, options: WorldOptions) => void | Promise<void>
}

interface Spell {
  readonly from: number
  readonly until: number
  readonly group?: string
  readonly path?: string
  readonly vantage?: string
  readonly sight: Sight
  /** With a period, the spell comes and goes. */
  readonly periodMs?: number
}

/** Dice of one seed. */
export interface Dice {
  readonly random: Random
  readonly chance: (part: number) => boolean
  readonly between: (low: number, high: number) => number
  readonly pick: <T>(items: readonly T[]) => T
}

/** Dice that always fall the same way for the same random source. */
export function diceOf(random: Random): Dice {
  return {
    random,
    chance: (part) => random.next() < part,
    between: (low, high) => Math.round(low + random.next() * (high - low)),
    pick: <T>(items: readonly T[]): T => {
      const item = items[Math.floor(random.next() * items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}

/** Journal entries around which machinery breaks, because that is where it hurts. */
const moments: readonly JournalKind[] = ['intent', 'step', 'applied', 'verify-failed', 'decision']

/**
 * Faults of one seed, biased to what hurts: lies and darkness per path, flapping, half-answered
 * writes, people who edit, hold and steer while a change is made, crashes and pauses around every
 * read, write and commit.
 */
export function planFaults(world: World, random: Random, minutes: number): PlannedFault[] {
  const dice = diceOf(random)
  const { between, chance, pick } = dice
  const spells = new Spells(world)
  const faults: PlannedFault[] = []
  const endMs = minutes * 60_000
  const groups = world.settings.groups.map((group) => group.name)
  const vantages = world.settings.vantages.map((vantage) => vantage.name)
  const machinery = (at: number, group: string) => {
    const fault = hurt(world, dice, group)
    if (chance(0.6)) {
      faults.push({ at, ...fault })
      return
    }
    const kind = pick(moments)
    const delayMs = chance(0.5) ? 0 : between(0, 30_000)
    const says = `${delayMs} ms after the next entry ${kind}: ${fault.says}`
    faults.push({
      at,
      says,
      run: (each, options) => {
        const run = () => void each.clock.sleep(delayMs).then(() => fault.run(each, options))
        each.triggers.push({ kind, run })
      },
    })
  }
  for (let index = between(3, chance(0.5) ? 10 : 25); index > 0; index -= 1) {
    const at = between(60_000, Math.max(61_000, endMs - 120_000))
    const group = pick(groups)
    const path = pick(groupOf(world, group).paths).name
    const vantage = pick(vantages)
    const lasts = between(5_000, 240_000)
    const put = (says: string, spell: Omit<Spell, 'from' | 'until'>) => {
      spells.add({ from: at, until: at + lasts, ...spell })
      faults.push({ at, says: `${says} for ${Math.round(lasts / 1000)} s`, run: () => {} })
    }
    const kind = between(0, 23)
    if (kind <= 5) {
      const sight = chance(0.8) ? 'bad' : 'stalled'
      put(`${group}/${path} is ${sight}`, { group, path, sight })
      // What hurts most happens while a change is being made.
      if (chance(0.8)) machinery(at + between(0, 40_000), group)
      if (chance(0.3)) machinery(at + between(10_000, 60_000), group)
    } else if (kind === 6) {
      put(`${vantage} lies that ${group}/${path} is down`, { group, path, vantage, sight: 'bad' })
    } else if (kind === 7) {
      const sight = pick(['dark', 'broken'] as const)
      put(`${vantage} is ${sight} on ${group}/${path}`, { group, path, vantage, sight })
    } else if (kind === 8) {
      const sight = pick(['dark', 'broken'] as const)
      put(`${group}/${path} is ${sight}`, { group, path, sight })
    } else if (kind === 9) {
      put('everything is down', { sight: 'bad' })
    } else if (kind === 10) {
      const periodMs = between(5_000, 20_000)
      put(`${group}/${path} flaps`, { group, path, sight: 'bad', periodMs })
    } else if (kind === 11) {
      put(`${group}/${path} is blurry`, { group, path, sight: 'blurry' })
    } else if (kind === 12) {
      put(`${vantage} has no network`, { vantage, sight: 'bad' })
      spells.cut({ from: at, until: at + lasts, vantage, sight: 'bad' })
    } else if (kind === 13) {
      const sight = pick(['bad', 'dark'] as const)
      spells.trouble({ from: at, until: at + lasts, group, sight })
      faults.push({ at, says: `the public name of ${group} is ${sight}`, run: () => {} })
    } else if (kind === 14) {
      put(`${path} of every group is bad`, { path, sight: 'bad' })
      if (chance(0.5)) machinery(at + between(0, 40_000), group)
    } else if (kind === 15) {
      faults.push({ at, ...badMail(dice, lasts) })
    } else if (kind === 16) {
      const [begin] = drillHurts(world, dice, group, between(1_000, 31_000))
      if (begin !== undefined) faults.push({ at, ...begin })
      // What hurts most happens while the traffic is away.
      if (chance(0.8)) machinery(at + between(0, 60_000), group)
      if (chance(0.5)) {
        const sight = pick(['bad', 'stalled', 'dark', 'blurry'] as const)
        const from = at + between(0, 60_000)
        spells.add({ from, until: from + lasts, group, path, sight })
        faults.push({ at: from, says: `${group}/${path} is ${sight} in a drill`, run: () => {} })
      }
    } else {
      machinery(at, group)
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}

/** Reports of other vantages come twice, late and out of order. */
function badMail(dice: Dice, lasts: number): Omit<PlannedFault, 'at'> {
  const delayMs = dice.chance(0.3) ? 0 : dice.between(50, 9_000)
  return {
    says: `reports come twice, and again ${delayMs} ms late, for ${Math.round(lasts / 1000)} s`,
    run: (world) => {
      const normal = world.deliver
      world.deliver = (group: string, report: VantageReport) => {
        normal(group, report)
        normal(group, report)
        void world.clock.sleep(delayMs).then(() => deliverNow(world, group, report))
      }
      void world.clock.sleep(lasts).then(() => (world.deliver = normal))
    },
  }
}

/** Everything that the vantages see instead of a good path; the newest spell wins. */
class Spells {
  readonly #spells: Spell[] = []
  readonly #cuts: Spell[] = []
  readonly #publicTroubles: Spell[] = []

  constructor(world: World) {
    const { clock } = world
    world.sight = (path, vantage, group) => {
      const hit = this.#spells.findLast(
        (spell) =>
          isOn(spell, clock.now()) &&
          (spell.group ?? group) === group &&
          (spell.path ?? path) === path &&
          (spell.vantage ?? vantage) === vantage,
      )
      return hit?.sight ?? 'good'
    }
    world.truth = (path, group) => {
      const hit = this.#spells.findLast(
        (spell) =>
          spell.vantage === undefined &&
          isOn(spell, clock.now()) &&
          (spell.group ?? group) === group &&
          (spell.path ?? path) === path,
      )
      return hit?.sight ?? 'good'
    }
    world.isCut = (vantage) =>
      this.#cuts.some((spell) => spell.vantage === vantage && isOn(spell, clock.now()))
    world.publicTrouble = (group) =>
      this.#publicTroubles.find((spell) => spell.group === group && isOn(spell, clock.now()))?.sight
  }

  add(spell: Spell): void {
    this.#spells.push(spell)
  }

  cut(spell: Spell): void {
    this.#cuts.push(spell)
  }

  trouble(spell: Spell): void {
    this.#publicTroubles.push(spell)
  }
}

function isOn(spell: Spell, now: number): boolean {
  if (now < spell.from || now >= spell.until) return false
  return spell.periodMs === undefined || Math.floor((now - spell.from) / spell.periodMs) % 2 === 0
}
