import { formatBitRate } from '../../core/bit-rate.ts'
import { formatDuration } from '../../core/duration.ts'
import type { CarriedLoad, MeasuredLoad } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Situation } from './situation.ts'

/** What was measured longer ago says nothing any more: another contract, other hardware, other viewers. */
const freshMs = 90 * 24 * 3_600_000

/** What a path can carry, and how that is known. Bits a second. */
export interface Capacity {
  /** `at-least` was carried, and says nothing against the path. */
  readonly source: 'declared' | 'at-most' | 'at-least'
  readonly bitsPerSecond: number
  /** Wall milliseconds of the measurement; absent where it is declared. */
  readonly at?: number
  /** The whole of it in words, with its age. */
  readonly says: string
}

/** What a path can carry: as declared, or else as load drills measured it within 90 days. */
export function capacityOf(
  { memory, settings, wall }: Pick<Situation, 'memory' | 'settings' | 'wall'>,
  path: string,
): Capacity | undefined {
  const declared = settings.capacity?.paths[path]
  if (declared !== undefined) {
    const says = `${formatBitRate(declared)}, as declared`
    return { source: 'declared', bitsPerSecond: declared, says }
  }
  const { atLeast, atMost } = memory.row.carried?.[path] ?? {}
  if (isFresh(atMost, wall)) {
    return { source: 'at-most', ...numbers(atMost), says: measured('no more than', atMost, wall) }
  }
  if (!isFresh(atLeast, wall)) return undefined
  return { source: 'at-least', ...numbers(atLeast), says: measured('at least', atLeast, wall) }
}

/**
 * Why a path may not be able to carry this share (0 to 100) of the demand, in words: by what was declared,
 * or else by what load drills measured. `undefined` where nothing speaks against it.
 */
export function shortfallOf(
  situation: Pick<Situation, 'memory' | 'settings' | 'wall'>,
  path: string,
  share: number,
): string | undefined {
  const demand = situation.settings.capacity?.demand
  const capacity = capacityOf(situation, path)
  if (demand === undefined || capacity === undefined || capacity.source === 'at-least') {
    return undefined
  }
  if (capacity.bitsPerSecond * 100 >= demand * share) return undefined
  return `${path} can carry ${capacity.says}, and ${formatBitRate((demand * share) / 100)} may be wanted`
}

/** What is known of a path once a load drill measured it: what contradicts the newest measurement is forgotten. */
export function withCarried(
  known: CarriedLoad | undefined,
  load: MeasuredLoad,
  isLimit: boolean,
): CarriedLoad {
  const { atLeast, atMost } = known ?? {}
  if (isLimit) {
    const isLess = atLeast !== undefined && atLeast.bitsPerSecond <= load.bitsPerSecond
    return { atMost: load, ...(isLess && { atLeast }) }
  }
  const isMore = atMost !== undefined && atMost.bitsPerSecond > load.bitsPerSecond
  const isProved =
    isFresh(atLeast, load.at) && atLeast.bitsPerSecond > load.bitsPerSecond ? atLeast : load
  return { atLeast: isProved, ...(isMore && { atMost }) }
}

function isFresh(load: MeasuredLoad | undefined, wall: number): load is MeasuredLoad {
  return load !== undefined && wall - load.at <= freshMs
}

function numbers({ at, bitsPerSecond }: MeasuredLoad) {
  return { at, bitsPerSecond }
}

function measured(bound: string, { at, bitsPerSecond, plan }: MeasuredLoad, wall: number): string {
  const minutes = Math.max(1, Math.floor((wall - at) / 60_000))
  const whole =
    minutes < 60
      ? minutes
      : minutes < 1_440
        ? minutes - (minutes % 60)
        : minutes - (minutes % 1_440)
  return `${bound} ${formatBitRate(bitsPerSecond)}, as drill ${plan} measured ${formatDuration(whole * 60_000)} ago`
}

/**
 * Whether what was declared says that a path cannot carry this share (0 to 100) of the demand. What was
 * not declared says nothing: what waives a guard or holds traffic stands on no measurement of a drill.
 */
export function isTooSmall(settings: GroupSettings, path: string, share: number): boolean {
  const { demand, paths } = settings.capacity ?? { paths: {} }
  const can = paths[path]
  if (demand === undefined || can === undefined) return false
  return can * 100 < demand * share
}

/**
 * The part of the demand, in percent, that these paths can carry together; `undefined` where the
 * demand or the capacity of one of them is not declared.
 */
export function capacityLeft(
  settings: GroupSettings,
  paths: readonly string[],
): number | undefined {
  const { demand, paths: declared } = settings.capacity ?? { paths: {} }
  if (demand === undefined || demand === 0) return undefined
  let sum = 0
  for (const path of paths) {
    const can = declared[path]
    if (can === undefined) return undefined
    sum += can
  }
  return Math.floor((sum * 100) / demand)
}
