import { z } from 'zod'
import type { RuleChange, RuleChanges } from '../core/rule.ts'
import { duration } from '../plugin/option-types.ts'
import { name, plainUrl, whole } from './fields.ts'

/** What a window or a number of a rule may be called. */
export function variableName(what: string) {
  const rule = `${what} is named by lower-case letters, digits and _, and begins with a letter`
  return z.string().regex(/^[a-z][a-z0-9_]{0,31}$/u, rule)
}

/** The fields of a rule that a pack which inherits it, a stream, a group or a path may change. */
export function changeable() {
  return {
    class: z
      .enum(['down', 'degraded'])
      .optional()
      .describe('`down`: viewers cannot go on. `degraded`: they can; never moves traffic.'),
    params: z
      .record(variableName('a number'), z.number())
      .optional()
      .describe('Numbers that its expressions name.'),
    for: duration('0s', '1h')
      .optional()
      .describe('How long bad without a break before it is active.'),
    or_ratio: z
      .strictObject({
        bad: whole(1, 1_000).describe('This many bad looks …'),
        of: whole(1, 1_000).describe('… of the last this many also activate it.'),
      })
      .refine(({ bad, of }) => bad <= of, 'bad must not be more than of')
      .optional()
      .describe('Catches what fails again and again for less than `for`.'),
    clear_for: duration('0s', '24h').optional().describe('How long good before it is clear again.'),
    stale_after: duration('1s', '24h')
      .optional()
      .describe(
        'Not judged for this long, what it found counts no more: degraded is left out, down becomes unknown.',
      ),
    severity: z.enum(['critical', 'warning']).optional().describe('For notices.'),
    runbook: plainUrl().optional().describe('A link for notices.'),
  }
}

/** A map from names of rules to what is otherwise with them; `off` leaves a rule out. */
export function ruleChanges() {
  const change = z.union([z.literal('off'), z.strictObject(changeable())])
  return z.record(name(), change)
}

type RawChange = z.output<z.ZodObject<ReturnType<typeof changeable>>>

/** The fields as the engine names them; what is not given is not there. */
export function toChange(raw: RawChange): RuleChange {
  return {
    ...(raw.class !== undefined && { class: raw.class }),
    ...(raw.params !== undefined && { params: raw.params }),
    ...(raw.for !== undefined && { forMs: raw.for }),
    ...(raw.or_ratio !== undefined && { ratio: raw.or_ratio }),
    ...(raw.clear_for !== undefined && { clearForMs: raw.clear_for }),
    ...(raw.stale_after !== undefined && { staleAfterMs: raw.stale_after }),
    ...(raw.severity !== undefined && { severity: raw.severity }),
    ...(raw.runbook !== undefined && { runbook: raw.runbook }),
  }
}

/** As `toChange`, for all rules that a map names. */
export function toChanges(raw: z.output<ReturnType<typeof ruleChanges>>): RuleChanges {
  return Object.fromEntries(
    Object.entries(raw).map(([rule, change]) => [
      rule,
      change === 'off' ? 'off' : toChange(change),
    ]),
  )
}
