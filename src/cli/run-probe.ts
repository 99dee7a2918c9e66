import { ChangeoverError } from '../core/errors.ts'
import { redactUrl } from '../core/redact.ts'
import type { MeasurementDeclaration, Sample } from '../core/sample.ts'
import { compileRuleSet } from '../engine/rules/rule-set.ts'
import type { ProbePlugin } from '../plugin/probe.ts'
import { clean, cleanJson } from './clean.ts'
import type { Cli } from './cli.ts'
import { sayAll } from './failure.ts'
import { stopSignal } from './follow.ts'
import type { ExitCode, Io } from './io.ts'
import { measured } from './numbers.ts'
import { painter, type Tone } from './paint.ts'
import { probeFor, type ProbeOutcome } from './probe-session.ts'
import { newestFindings, remedyOf, verdictOf, type ProbeVerdict } from './probe-verdict.ts'
import { loadPacks, shippedFolder } from './rule-folders.ts'
import { sparkline } from './sparkline.ts'
import { textTable } from './text-table.ts'

/** The options of `probe`. Durations in milliseconds. */
export interface ProbeOptions {
  readonly for: number
  readonly every: number
  readonly type?: string
  readonly header?: Readonly<Record<string, string>>
  readonly address?: string
  readonly json?: true
}

/** Pulls one path for a while and prints what came of it. */
export async function runProbe(cli: Cli, url: string, options: ProbeOptions): Promise<ExitCode> {
  const { composition, io } = cli
  const plugin = pluginFor(url, options.type, composition.plugins.probes)
  const parsed = optionsOf(plugin, url, options)
  const packs = loadPacks(cli, shippedFolder())
  const compiled = packs.ok ? compileRuleSet(packs.packs, composition.plugins.probes) : packs
  if (!compiled.ok) {
    sayAll(
      io,
      compiled.errors.map((error) => (typeof error === 'string' ? error : error.message)),
    )
    return 2
  }
  const isShowing = io.errIsTerminal
  const outcome = await probeFor(composition, {
    plugin,
    options: parsed,
    rules: compiled.set,
    everyMs: options.every,
    forMs: options.for,
    signal: stopSignal(composition),
    onSample(sample, count) {
      if (isShowing) io.err(`\r\u001b[Klook ${count}: ${clean(sample.reason ?? sample.outcome)}`)
    },
  })
  if (isShowing) io.err('\r\u001b[K')
  const verdict = verdictOf(outcome)
  const shown = redactUrl(url)
  if (options.json === true) {
    const { active, pending } = outcome.watch.report
    const { code: _code, ...said } = verdict
    const rules = [...active, ...pending].map(({ rule, says }) => ({ rule, says }))
    const answer = { url: shown, type: plugin.type, ...said, rules, samples: outcome.samples }
    io.out(`${JSON.stringify(cleanJson(answer))}\n`)
  } else {
    io.out(probeText({ plugin, outcome, verdict, shown }, io))
  }
  return verdict.code
}

/** Which probe speaks the language of an address; where none is named, the scheme is its name. */
const byScheme: Readonly<Record<string, string>> = {
  'https:': 'http',
  'tls:': 'tcp',
  'rtmps:': 'rtmp',
  'udp:': 'mpegts',
  'rtp:': 'mpegts',
}

function pluginFor(
  url: string,
  type: string | undefined,
  probes: readonly ProbePlugin[],
): ProbePlugin {
  const parsed = URL.parse(url)
  if (parsed === null) {
    throw new ChangeoverError('USAGE', `"${redactUrl(url)}" is no address.`, {
      todo: 'Give it with its scheme, such as https://live.example/ch1/main.m3u8.',
    })
  }
  const wanted = type ?? guessed(parsed)
  const plugin = probes.find((each) => each.type === wanted)
  if (plugin !== undefined) return plugin
  throw new ChangeoverError('USAGE', `There is no probe ${JSON.stringify(clean(wanted))}.`, {
    todo: `Name one with --type; there are: ${probes.map((each) => each.type).join(', ')}.`,
  })
}

/** A playlist or manifest shows in the path; what else is on the web is a page like any other. */
function guessed({ protocol, pathname }: URL): string {
  if (protocol === 'http:' || protocol === 'https:') {
    if (/\.m3u8?$/iu.test(pathname)) return 'hls'
    if (/\.mpd$/iu.test(pathname)) return 'dash'
    if (/\.(?:ts|m2ts|mpegts)$/iu.test(pathname)) return 'mpegts'
  }
  return byScheme[protocol] ?? protocol.slice(0, -1)
}

function optionsOf(plugin: ProbePlugin, url: string, options: ProbeOptions): unknown {
  const given = {
    url,
    ...(options.header !== undefined && { headers: options.header }),
    ...(options.address !== undefined && { address: options.address }),
  }
  const parsed = plugin.options.safeParse(given)
  if (parsed.success) return parsed.data
  // Only the place and what was expected: the value may be a credential.
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.') ?? ''
  const says = `The probe ${plugin.type} cannot use ${place === '' ? 'these options' : `this ${place}`}: ${issue?.message ?? 'not as expected'}.`
  throw new ChangeoverError('USAGE', says)
}

interface Shown {
  readonly plugin: ProbePlugin
  readonly outcome: ProbeOutcome
  readonly verdict: ProbeVerdict
  readonly shown: string
}

const tones: Readonly<Record<ProbeVerdict['verdict'], Tone>> = {
  good: 'good',
  'good, with remarks': 'warn',
  bad: 'bad',
  unknown: 'warn',
}

function probeText({ plugin, outcome, verdict, shown }: Shown, io: Io): string {
  const paint = painter(io)
  const { samples } = outcome
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const measurements = plugin.measures.flatMap((measure) => {
    const value = samples.findLast((sample) => sample.measurements[measure.name] !== undefined)
      ?.measurements[measure.name]
    return value === undefined ? [] : [[measure.name, measured(value, measure.unit), measure.help]]
  })
  const courses = plugin.measures.flatMap((measure) => course(measure, samples, io.width))
  const findings = newestFindings(samples).map((finding) => [
    finding.severity,
    finding.code,
    `${clean(finding.says)}${finding.rendition === undefined ? '' : ` [${clean(finding.rendition)}]`}`,
  ])
  const remedies = verdict.diagnoses.map((diagnosis) => [diagnosis, remedyOf(diagnosis)])
  const section = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? '' : `\n${paint('strong', title)}\n${table(rows)}`
  return (
    `${plugin.type}  ${shown}\n` +
    section('Measured', measurements) +
    section('Course', courses) +
    section('Found', findings) +
    section('What to do', remedies) +
    `\n${paint(tones[verdict.verdict], verdict.verdict)}: ${clean(verdict.says)}\n`
  )
}

const drawn: readonly string[] = ['bitrate_bits_per_second', 'download_ratio']

/** How a measurement went, where it was taken more than once. */
function course(
  { name, unit }: MeasurementDeclaration,
  samples: readonly Sample[],
  width: number,
): string[][] {
  if (!drawn.includes(name)) return []
  const values = samples.map((sample) => sample.measurements[name])
  const taken = values.filter((value) => value !== undefined)
  if (taken.length < 2) return []
  const range = `${measured(Math.min(...taken), unit)} to ${measured(Math.max(...taken), unit)}`
  return [[name, range, sparkline(values, Math.max(10, width - 60))]]
}
