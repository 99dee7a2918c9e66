import { probeOf, type Plugins } from '../app/plugin-binding.ts'
import { formatDuration } from '../core/duration.ts'
import type { RuleChange } from '../core/rule.ts'
import type { GroupSettings, Settings } from '../core/settings.ts'
import { appliesTo, unreachable, type RuleSet } from '../engine/rules/rule-set.ts'

/** A rule that is judged otherwise for a path, in words. */
export interface RuleDifference {
  readonly path: string
  readonly rule: string
  /** `off`, or `limit 0.9 (else 0.8), for 1m (else as the profile)`. */
  readonly says: string
}

type NamedRule = RuleChange & { readonly name: string }

/** What the file changes in the rules that concern a group's paths and witnesses; empty where it changes nothing. */
export function differencesOf(
  group: GroupSettings,
  { rules: { changes = {} } }: Settings,
  rules: RuleSet,
  plugins: Plugins,
): RuleDifference[] {
  const checks = group.paths.flatMap((path) => [path, ...(path.witnesses ?? [])])
  return checks.flatMap(({ name, type }) => {
    const own = changes[`${group.name}/${name}`] ?? {}
    const concerning = rules.rules.filter((rule) => appliesTo(rule, probeOf(plugins, type)))
    const builtIn: NamedRule = { name: unreachable }
    const known: readonly NamedRule[] = [builtIn, ...concerning.map(({ definition }) => definition)]
    return known.flatMap((rule) => {
      const change = own[rule.name]
      if (change === undefined) return []
      const says = change === 'off' ? 'off' : inWords(change, rule)
      return [{ path: name, rule: rule.name, says }]
    })
  })
}

function inWords(change: RuleChange, before: RuleChange): string {
  const words: string[] = []
  const add = (what: string, now: string | undefined, was: string | undefined) => {
    if (now === undefined) return
    words.push(`${what} ${now} (else ${was ?? 'as the profile has it'})`)
  }
  for (const [param, value] of Object.entries(change.params ?? {})) {
    add(param, String(value), String(before.params?.[param]))
  }
  add('class', change.class, before.class)
  add('for', time(change.forMs), time(before.forMs))
  add('or_ratio', ratio(change), ratio(before))
  add('clear_for', time(change.clearForMs), time(before.clearForMs))
  add('stale_after', time(change.staleAfterMs), time(before.staleAfterMs) ?? 'never')
  add('severity', change.severity, before.severity)
  add('runbook', change.runbook, before.runbook ?? 'none')
  return words.join(', ') || 'nothing changed'
}

function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatDuration(ms)
}

function ratio({ ratio: given }: RuleChange): string | undefined {
  return given === undefined ? undefined : `${given.bad} of ${given.of}`
}
