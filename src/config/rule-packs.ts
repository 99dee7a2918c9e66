import { parseDocument } from 'yaml'
import type { RulePack } from '../core/rule.ts'
import type { ProbeMeasures } from '../engine/rules/rule-set.ts'
import { loadRuleFile, packName } from './rule-file.ts'

/** A rule file as text; its name is for messages and gives the pack its name. */
export interface RuleText {
  readonly fileName: string
  readonly text: string
  /** Only there to be extended: in force where no other file says so. */
  readonly isOnlyKnown?: boolean
  /** It comes along, so that nobody need use it. */
  readonly isShipped?: boolean
}

/** What rule files are held against. */
export interface PackSurroundings {
  readonly probes: readonly ProbeMeasures[]
  /** The cadence that warnings compare `for` with, in milliseconds; absent: no such warning. */
  readonly everyMs?: number
  /** The fastest cadence in milliseconds by type of probe, for those in use; absent: not known. */
  readonly watched?: ReadonlyMap<string, number>
}

export type LoadedRulePacks =
  | {
      readonly ok: true
      /** Those in force, in the order of the files. */
      readonly packs: readonly RulePack[]
      /** Every pack that was read, by the name of its file. */
      readonly read: ReadonlyMap<string, RulePack>
      readonly warnings: readonly string[]
    }
  | { readonly ok: false; readonly errors: readonly string[] }

/**
 * Reads rule files in their order; one that extends another is read after it, wherever that one
 * stands. A pack that is extended gives its place to the one that extends it, so that what was
 * overridden or turned off is so everywhere; hence only one pack may extend it.
 */
export function loadRulePacks(
  files: readonly RuleText[],
  options: PackSurroundings,
): LoadedRulePacks {
  const known = new Map<string, RulePack>()
  const extendedBy = new Map<RulePack, string>()
  const loaded = new Map<RuleText, RulePack>()
  const warnings: string[] = []
  const errors: string[] = []
  let waiting = files
  while (waiting.length > 0) {
    const ready = waiting.filter((file) => !waitsFor(file, waiting))
    // What waits in a circle is read all the same: it then says that its pack is unknown.
    for (const file of ready.length > 0 ? ready : waiting) {
      const result = loadRuleFile({ ...options, ...file, packs: known })
      if (!result.ok) {
        errors.push(...result.errors)
        continue
      }
      const { pack } = result
      const base = pack.extends === undefined ? undefined : known.get(pack.extends)
      const other = base === undefined ? undefined : extendedBy.get(base)
      if (other !== undefined) {
        errors.push(
          `${file.fileName}: extends: ${other} extends ${pack.extends} already, and a pack has one ` +
            'place only; extend that one, or write both changes into one file',
        )
        continue
      }
      if (base !== undefined) extendedBy.set(base, file.fileName)
      known.set(pack.name, pack)
      loaded.set(file, pack)
      warnings.push(...result.warnings)
    }
    if (ready.length === 0) break
    waiting = waiting.filter((file) => !ready.includes(file))
  }
  if (errors.length > 0) return { ok: false, errors }
  const inOrder = files.flatMap((file) => {
    const pack = loaded.get(file)
    return pack === undefined ? [] : [{ file, pack }]
  })
  return {
    ok: true,
    packs: inOrder.flatMap(({ file, pack }) =>
      file.isOnlyKnown === true || extendedBy.has(pack) ? [] : [pack],
    ),
    read: new Map(inOrder.map(({ file, pack }) => [file.fileName, pack])),
    warnings,
  }
}

/** Whether a file must be read after one of these. One with its own name it takes from those read before. */
function waitsFor(file: RuleText, waiting: readonly RuleText[]): boolean {
  const base = extendedName(file.text)
  const at = waiting.indexOf(file)
  return waiting.some((other, index) => {
    if (other === file || packName(other.fileName) !== base) return false
    return base !== packName(file.fileName) || index < at
  })
}

/** Read again, and judged, by `loadRuleFile`. */
function extendedName(text: string): string | undefined {
  if (!/^["']?extends["']?\s*:/mu.test(text)) return undefined
  try {
    const name: unknown = parseDocument(text, { prettyErrors: false }).get('extends')
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}
