import { probeOf, type Plugins } from '../app/plugin-binding.ts'
import type { GroupSettings, PathSettings, Settings } from '../core/settings.ts'
import {
  appliesTo,
  rulesOf,
  timersOf,
  unreachable,
  type RuleSet,
} from '../engine/rules/rule-set.ts'

/** How long it takes from a failure of a path until it is down, by one rule. Milliseconds. */
export interface DetectionEstimate {
  readonly rule: string
  /** What must pass first, where the rule is about an age: its expression, whose limit comes on top. */
  readonly limit?: string
  readonly fromMs: number
  readonly toMs: number
}

/** When a group's change takes effect after the decision, by actuator. Milliseconds. */
export interface EffectEstimate {
  readonly type: string
  readonly settleMs: number
  readonly callTimeoutMs: number
}

/**
 * Detection by the rules of class down that concern a path: `for`, up to one cadence, and the
 * longest that a look may take (docs/safety.md: limit + for + (0..cadence) + probe time-out);
 * `leave_after` comes on top.
 * The built-in rule comes first: its limit is 0.
 */
export function detectionOf(
  group: string,
  path: PathSettings,
  settings: Settings,
  rules: RuleSet,
  plugins: Plugins,
): DetectionEstimate[] {
  const timing = { ...settings.timing, everyMs: path.everyMs }
  const plugin = probeOf(plugins, path.type)
  const late = path.everyMs + lookTimeoutMs(path)
  const estimate = (rule: string, forMs: number, limit?: string): DetectionEstimate => ({
    rule,
    ...(limit !== undefined && { limit }),
    fromMs: forMs,
    toMs: forMs + late,
  })
  const own = rulesOf(rules, `${group}/${path.name}`)
  const aging = own.rules.filter(
    (rule) =>
      rule.definition.class === 'down' && rule.when.ages.length > 0 && appliesTo(rule, plugin),
  )
  return [
    estimate(unreachable, timersOf(own.unreachable ?? {}, timing).forMs),
    ...aging.map((rule) => {
      const { name, when, params = {} } = rule.definition
      const valued = Object.entries(params).reduce(
        (text, [param, value]) =>
          text.replaceAll(new RegExp(`\\b${param}\\b`, 'gu'), String(value)),
        when,
      )
      return estimate(
        name,
        timersOf(rule.definition, timing).forMs,
        valued.replaceAll(/\s+/gu, ' ').trim(),
      )
    }),
  ]
}

/** What comes after the decision: one call to each actuator, and the time until it is in effect. */
export function effectsOf(group: GroupSettings, plugins: Plugins): EffectEstimate[] {
  return group.actuators.map(({ type, options }) => {
    const plugin = plugins.actuators.find((each) => each.type === type)
    const capabilities = plugin?.capabilities(options)
    const isPush = capabilities?.mode === 'push'
    return {
      type,
      settleMs: capabilities?.settleMs ?? 0,
      callTimeoutMs: isPush ? group.callTimeoutMs : 0,
    }
  })
}

/** Probes call the ceiling of one look `timeout`, in milliseconds. */
function lookTimeoutMs({ options, everyMs }: PathSettings): number {
  const { timeout } = (options ?? {}) as { readonly timeout?: unknown }
  return typeof timeout === 'number' ? timeout : everyMs
}
