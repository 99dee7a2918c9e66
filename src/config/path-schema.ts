import { z } from 'zod'
import { duration } from '../plugin/option-types.ts'
import { name } from './fields.ts'
import { ruleChanges } from './rule-fields.ts'
import { pathSharing } from './sharing-schema.ts'

/** One path of a group, without the options of its probe; `probes` are the types there are. */
export function path(probes: readonly string[]) {
  return z.looseObject({
    type: z.enum(probes).describe('The probe that looks at it.'),
    every: duration('100ms', '5m')
      .optional()
      .describe('How often it is looked at. `timing.every` if absent.'),
    domain: name()
      .optional()
      .describe('Its failure domain, such as the provider; targets elsewhere are preferred.'),
    rules: ruleChanges().optional().describe("As the stream's `rules`, for this path alone."),
    ...pathSharing(),
    witnesses: z
      .record(name(), witness(probes))
      .refine((all) => Object.keys(all).length <= 4, 'expected at most 4 witnesses')
      .optional()
      .describe(
        'Further checks of it, by name: by another protocol, or of what a server says. One that sees it up vetoes a down.',
      ),
  })
}

function witness(probes: readonly string[]) {
  return z.looseObject({
    type: z.enum(probes).describe('The probe that looks.'),
    every: duration('100ms', '5m')
      .optional()
      .describe('How often it looks. As the path is looked at if absent.'),
    rules: ruleChanges().optional().describe("As the stream's `rules`, for this check alone."),
  })
}
