import type { Mutation } from './mutation.ts'

const continuation = 'src/engine/group/continuation.ts'
const core = 'src/core/continuity.ts'
const targets = 'src/engine/group/targets.ts'

/** What viewers would notice: what it ranks, what it keeps waiting, and what it never keeps from being made. */
export const continuityMutations: readonly Mutation[] = [
  {
    name: 'continuity: what goes on ranks as what jumps',
    file: targets,
    find: '    ((noticed.get(path.name)?.length ?? 0) > 0 ? 2 : 0) +\n',
    replace: '',
  },
  {
    name: 'continuity: a slate ranks as a jump',
    file: targets,
    find: '(noticed.get(path.name)?.some(({ isGrave }) => isGrave) === true ? 32 : 0) +',
    replace: '0 +',
  },
  {
    name: 'continuity: what cannot be taken back is as good as any',
    file: continuation,
    find: "settings.irreversible.length > 0 ? (['irreversible'] as const) : []",
    replace: "settings.irreversible.length > 99 ? (['irreversible'] as const) : []",
  },
  {
    name: 'continuity: keeps from leaving a failing path',
    file: continuation,
    find: "reason === 'failback' || isOn ? (['failback'] as const) : []",
    replace: "reason !== 'drill' ? (['failback'] as const) : []",
  },
  {
    name: 'continuity: keeps a drill from coming back',
    file: continuation,
    find: "if (drill?.part === 'return' || reason === 'spread') return []",
    replace: "if (reason === 'spread') return []",
  },
  {
    name: 'continuity: nobody hears that a failover is refused',
    file: 'src/engine/group/conditions.ts',
    find: '    refused(situation, decision),\n',
    replace: '',
  },
  {
    name: 'continuity: what was seen of a failing path is what viewers had',
    file: 'src/engine/rules/path-watch.ts',
    find: 'if (isWell) this.#continuity =',
    replace: 'this.#continuity =',
  },
  {
    name: 'continuity: not knowing is a difference',
    file: core,
    find: '  if (rungs.length === 0) return undefined\n',
    replace: '',
  },
  {
    name: 'continuity: being ahead is a difference',
    file: core,
    find: 'const segments = last - newest',
    replace: 'const segments = Math.abs(last - newest)',
  },
  {
    name: 'continuity: a rotated key is another one',
    file: core,
    find: 'lastAt >= since ? key : []',
    replace: 'lastAt > 1e12 ? key : []',
  },
  {
    name: 'leave-after: counts anew with every evaluation',
    file: continuation,
    find: 'now - (paths.get(name)?.since ?? now))',
    replace: 'now - (paths.get(name)?.since ?? now) * 0 - now)',
  },
]
