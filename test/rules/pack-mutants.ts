import type { RuleDefinition, RulePack } from '../../src/core/rule.ts'

/** A pack with one thing altered, and what that is. */
export interface Mutant {
  readonly what: string
  /** The rule that is altered. */
  readonly rule: string
  readonly pack: RulePack
}

/** Fields that keep a rule from turning too quickly, and what it found from lasting too long. */
export const dampers = ['clearWhen', 'forMs', 'ratio', 'clearForMs', 'staleAfterMs'] as const
type Damper = (typeof dampers)[number]

/** Every pack that lacks one rule of `pack`, or one of these fields of a rule. */
export function mutantsOf(pack: RulePack, fields: readonly Damper[]): Mutant[] {
  return pack.rules.flatMap((rule) => [
    {
      what: `${rule.name} is missing`,
      rule: rule.name,
      pack: { ...pack, rules: pack.rules.filter((each) => each !== rule) },
    },
    ...fields.flatMap((field) => {
      if (rule[field] === undefined) return []
      const { [field]: _, ...rest } = rule
      return [replaced(pack, rule, rest, `without its ${field}`)]
    }),
  ])
}

/**
 * Packs with finer faults: damping that the profile gives is gone, one condition of several, the
 * restriction to probes or the class is another, a number is half or double.
 */
export function finerMutantsOf(pack: RulePack): Mutant[] {
  return pack.rules.flatMap((rule) =>
    finerFaults(rule).map(([what, altered]) => replaced(pack, rule, altered, what)),
  )
}

function replaced(
  pack: RulePack,
  rule: RuleDefinition,
  altered: RuleDefinition,
  what: string,
): Mutant {
  const rules = pack.rules.map((each) => (each === rule ? altered : each))
  return { what: `${rule.name} ${what}`, rule: rule.name, pack: { ...pack, rules } }
}

function finerFaults(rule: RuleDefinition): [string, RuleDefinition][] {
  const { probes, ...everywhere } = rule
  const found: [string, RuleDefinition][] = [
    ['without any for', { ...rule, forMs: 0 }],
    ['without any clear_for', { ...rule, clearForMs: 0 }],
  ]
  // A rule that compares paths cannot be of another class.
  if (!rule.when.includes('others.')) {
    found.push([
      'in the other class',
      { ...rule, class: rule.class === 'down' ? 'degraded' : 'down' },
    ])
  }
  if (probes !== undefined) found.push(['for every probe', everywhere])
  const conditions = rule.when.split('&&')
  for (const [index, condition] of conditions.length > 1 ? conditions.entries() : []) {
    const when = conditions.filter((_, other) => other !== index).join('&&')
    found.push([`without "${condition.trim()}"`, { ...rule, when }])
  }
  for (const [param, value] of Object.entries(rule.params ?? {})) {
    for (const factor of [0.5, 2]) {
      const params = { ...rule.params, [param]: value * factor }
      found.push([`with ${param} ${value * factor}, not ${value}`, { ...rule, params }])
    }
  }
  return found
}
