import { z } from 'zod'
import type { EncoderSettings } from '../core/encoder.ts'
import { duration, secretUrl } from '../plugin/option-types.ts'
import { readDocument, type Problem } from './document.ts'
import { name, plainUrl } from './fields.ts'
import { inputSchema } from './plugin-options.ts'
import { report } from './report.ts'
import { plainWords, sayIssue } from './say-issue.ts'
import type { SecretSources } from './substitute.ts'

/** What stands in the arguments for the URL of the target. */
const placeholder = '{target}'

const encoderFile = z.strictObject({
  serve: plainUrl(),
  every: duration('200ms', '1m').prefault('1s'),
  start_within: duration('1s', '10m').prefault('10s'),
  targets: z
    .record(name(), secretUrl('rtmp', 'rtmps', 'srt', 'rist', 'http', 'https', 'udp', 'rtp'))
    .refine((targets) => Object.keys(targets).length > 0, 'expected at least one target')
    .refine(
      (targets) => new Set(Object.values(targets)).size === Object.keys(targets).length,
      'two paths name the same target',
    ),
  run: z
    .array(z.string().min(1).max(8_192))
    .min(2)
    .max(500)
    .refine(
      ([, ...args]) => args.some((arg) => arg.includes(placeholder)),
      `expected ${placeholder} in an argument, where the URL of the target goes`,
    ),
  environment: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/u))
    .max(100)
    .prefault([]),
  restart: z
    .strictObject({
      first: duration('100ms', '1m').prefault('500ms'),
      most: duration('1s', '1h').prefault('30s'),
    })
    .prefault({}),
})

/** A file that was read, or everything that is wrong with it. */
export type LoadedEncoder =
  | { readonly ok: true; readonly settings: EncoderSettings }
  | { readonly ok: false; readonly errors: readonly string[] }

/**
 * Reads the file of `changeover encode`, as strictly as a configuration: all errors at once, each at
 * its place, and no secret in any of them. Never throws.
 */
export function loadEncoderFile(
  source: SecretSources & { readonly text: string; readonly fileName: string },
): LoadedEncoder {
  const { text, fileName } = source
  const document = readDocument(text, source)
  const refuse = (problems: readonly Problem[]): LoadedEncoder => ({
    ok: false,
    errors: report(problems, { fileName, text, document }),
  })
  if (document.broken) return refuse(document.problems)
  const parsed = encoderFile.safeParse(document.value, plainWords)
  if (!parsed.success) {
    const schema = inputSchema(encoderFile)
    const context = { at: [], raw: document.value, schema, document }
    const problems = parsed.error.issues.flatMap((issue) => sayIssue(issue, context))
    return refuse([...document.problems, ...problems])
  }
  if (document.problems.length > 0) return refuse(document.problems)
  const {
    serve,
    every,
    start_within: startWithinMs,
    targets,
    run,
    environment,
    restart,
  } = parsed.data
  const [program = '', ...args] = run
  return {
    ok: true,
    settings: {
      serve: serve.replace(/\/+$/u, ''),
      everyMs: every,
      startWithinMs,
      targets: (document.order.get('targets') ?? Object.keys(targets)).map((path) => ({
        path,
        url: targets[path] ?? '',
      })),
      program,
      args,
      environment,
      restart: { firstMs: restart.first, mostMs: restart.most },
    },
  }
}
