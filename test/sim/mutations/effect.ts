import type { Mutation } from './mutation.ts'

const watch = 'src/app/group/effect-watch.ts'
const partial = 'src/engine/group/effect.ts'

/** From applied to in effect, and who hears of what does not follow. */
export const effectMutations: readonly Mutation[] = [
  {
    name: 'effect: said before caches had their time',
    file: watch,
    find: 'if (behind.length === 0 && clock.now() >= doneAt) {',
    replace: 'if (behind.length === 0) {',
  },
  {
    name: 'effect: the time of caches runs before the last server follows',
    file: watch,
    find: 'serversAt = isServed ? (serversAt ?? clock.now()) : undefined',
    replace: 'serversAt ??= clock.now()',
  },
  {
    name: 'effect: silence counts as following',
    file: watch,
    find: 'return { asked: 0, behind: [behind] }',
    replace: "return { asked: 0, behind: says === '' ? [behind] : [] }",
  },
  {
    name: 'effect: an overtaken change is watched on',
    file: watch,
    find: 'if (allocation !== undefined && !sameAllocation(allocation, change.to)) return\n',
    replace: '',
  },
  {
    name: 'effect: watched by a process that does not lead',
    file: watch,
    find: '      if (lease.current() === undefined) {\n',
    replace: '      if (lease.current() === undefined && signal.aborted) {\n',
  },
  {
    name: 'effect: the next leader does not take over',
    file: 'src/app/group/group-controller.ts',
    find: '    this.#effects.takeOver(this.#actuators, this.#settings)\n',
    replace: '',
  },
  {
    name: 'effect: the next leader counts from when it came',
    file: watch,
    find: 'following.watched = { since: clock.now() - fromMs, fromMs }',
    replace: 'following.watched = { since: clock.now(), fromMs }',
  },
  {
    name: 'effect: taken over at any age',
    file: watch,
    find: '          if (fromMs > takeOverMs + settleMs) return\n',
    replace: '',
  },
  {
    name: 'effect: what nobody measured is a measurement',
    file: watch,
    find: 'let isMeasured = fromMs === 0',
    replace: 'let isMeasured = fromMs >= 0',
  },
  {
    name: 'partial: nobody is told',
    file: 'src/engine/group/conditions.ts',
    find: '    partialTrouble(situation.effect, situation.now),\n',
    replace: '',
  },
  {
    name: 'partial: a server has no time to follow',
    file: partial,
    find: '? now - since >= withinMs',
    replace: '? now >= since',
  },
  {
    name: 'partial: a cache has no time to follow',
    file: partial,
    find: 'now - (serversAt ?? since) >= settleMs + cacheGraceMs',
    replace: 'now >= since',
  },
  {
    name: 'partial: nobody is paged',
    file: partial,
    find: "severity: isServer && now - since >= Math.max(pageAfterMs, settleMs) ? 'critical' : 'warning',",
    replace: "severity: 'warning',",
  },
  {
    name: 'partial: a cache pages',
    file: partial,
    find: 'severity: isServer && now',
    replace: 'severity: now',
  },
  {
    name: 'effect: who forgets it again counts as having followed',
    file: 'src/app/group/effect-watch.ts',
    find: '      for (const { who } of behind) reached.delete(who)\n',
    replace: '',
  },
  {
    name: 'drill: what is declared passes for measured',
    file: 'src/app/drills/measured.ts',
    find: 'if (out?.effectiveMs !== undefined) {',
    replace: 'if (out?.effectiveMs !== undefined || settleMs >= 0) {',
  },
]
