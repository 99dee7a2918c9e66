import { formatDuration } from '../core/duration.ts'
import { redactUrl } from '../core/redact.ts'
import type { GroupSettings, NotifierSettings } from '../core/settings.ts'
import type { Checked } from '../plugin/notifier.ts'
import type { Cli } from './cli.ts'
import { warningLines, type UsableConfiguration } from './configuration.ts'
import { detectionOf, effectsOf, type DetectionEstimate, type EffectEstimate } from './detection.ts'
import { effectWarnings } from './effect-warnings.ts'
import { stopSignal } from './follow.ts'
import type { ExitCode, Io } from './io.ts'
import { painter } from './paint.ts'
import { planGroup } from './plan-group.ts'
import { differencesOf, type RuleDifference } from './rule-differences.ts'
import { textTable } from './text-table.ts'

interface CheckRequest {
  readonly config: string
  readonly deep?: true
  readonly json?: true
}

/** What `check` says of one group. */
interface GroupReport {
  readonly group: string
  readonly title: string
  readonly paths: readonly { name: string; type: string; everyMs: number; shows: string }[]
  readonly actuators: readonly {
    type: string
    required: boolean
    mode: string
    permissions: readonly string[]
    tested?: 'real' | 'contract' | 'transcribed'
  }[]
  /** What the file changes in rules, by path. */
  readonly rules: readonly RuleDifference[]
  readonly detection: readonly DetectionEstimate[]
  /** What comes on top before the path is left by itself. Milliseconds. */
  readonly leaveAfterMs: number
  readonly effect: readonly EffectEstimate[]
}

/** What was asked outside with `--deep`. */
interface DeepAnswer {
  readonly what: string
  readonly ok: boolean
  /** It cannot be found out: neither good nor bad. */
  readonly unknown?: true
  readonly says: string
}

const testedSays = {
  real: ' (tested against the real product)',
  contract: " (tested against its vendor's contract, not the real product)",
  transcribed: " (tested against its vendor's documentation, not the real product)",
} as const

const referenceTimeoutMs = 3_000
const notifierTimeoutMs = 10_000

/** Prints what a right configuration would watch; 1 where `--deep` found something that does not answer. */
export async function printCheck(
  cli: Cli,
  loaded: UsableConfiguration,
  request: CheckRequest,
): Promise<ExitCode> {
  const { io } = cli
  const { settings } = loaded
  const warnings = [
    ...loaded.warnings,
    ...settings.groups.flatMap((group) => effectWarnings(group, cli.composition.plugins)),
  ]
  const groups = settings.groups.map((group) => reportOf(cli, loaded, group))
  const deep = request.deep === true ? await lookOutside(cli, loaded) : []
  if (request.json === true) {
    const asked = request.deep === true ? { deep } : {}
    io.out(`${JSON.stringify({ ok: true, mode: settings.mode, groups, warnings, ...asked })}\n`)
  } else {
    io.out(heading(cli, loaded, request.config))
    for (const group of groups) io.out(groupText(group, io))
    if (request.deep === true) io.out(deepText(deep, io))
    io.out(warnings.length === 0 ? '' : `\n${warningLines(io, warnings)}`)
  }
  return deep.every(({ ok }) => ok) ? 0 : 1
}

function heading(
  { composition, io }: Cli,
  { settings, rules }: UsableConfiguration,
  config: string,
): string {
  const paint = painter(io)
  const { listen, notify, vantage, vantages } = settings
  const address = ({ host, port }: { host: string; port: number }) => `${host}:${port}`
  const paths = settings.groups.reduce((sum, group) => sum + group.paths.length, 0)
  const rows = [
    ['mode', `${settings.mode}, profile ${settings.profile}`],
    ['watches', `${count(settings.groups.length, 'group')}, ${count(paths, 'path')}`],
    ['from', `${vantage.name}, one of ${count(vantages.length, 'vantage')}`],
    ['rules', `${rules.rules.length} in force`],
    [
      'listens',
      [listen.operator, listen.public, listen.agent]
        .flatMap((at) => (at ? [address(at)] : []))
        .join(', '),
    ],
    ['tells', notify.length === 0 ? 'nobody' : notify.map(({ route }) => route).join(', ')],
    ...notify.map((each) => [
      '',
      `${each.route}: ${each.type}${testedOf(composition, each.type)}${hearsOf(composition, each)}`,
    ]),
  ]
  return `${config} is ${paint('good', 'right')}\n${textTable(rows, { width: io.width, indent: 2 })}`
}

/** Where the service is to post what people do there, where it may. */
function hearsOf({ plugins }: Cli['composition'], { type, route, options }: NotifierSettings) {
  const plugin = plugins.notifiers.find((each) => each.type === type)
  return plugin?.reactions?.isOn(options) === true ? `; is told at /hooks/notify/${route}` : ''
}

function testedOf({ plugins }: Cli['composition'], type: string): string {
  const tested = plugins.notifiers.find((each) => each.type === type)?.tested
  return tested === undefined ? '' : testedSays[tested]
}

function reportOf(
  { composition }: Cli,
  { settings, rules }: UsableConfiguration,
  group: GroupSettings,
): GroupReport {
  const { plugins } = composition
  const paths = group.paths
    .flatMap((path) => [path, ...(path.witnesses ?? [])])
    .map(({ name, type, everyMs, shows }) => ({ name, type, everyMs, shows }))
  const actuators = group.actuators.flatMap(({ type, required, options }) => {
    const plugin = plugins.actuators.find((each) => each.type === type)
    if (plugin === undefined) return []
    const { mode, permissions } = plugin.capabilities(options)
    const { tested } = plugin
    return [{ type, required, mode, permissions, ...(tested !== undefined && { tested }) }]
  })
  const slowest = group.paths.toSorted((a, b) => b.everyMs - a.everyMs)[0]
  return {
    group: group.name,
    title: group.title,
    paths,
    actuators,
    rules: differencesOf(group, settings, rules, plugins),
    detection:
      slowest === undefined ? [] : detectionOf(group.name, slowest, settings, rules, plugins),
    leaveAfterMs: group.leaveAfterMs,
    effect: effectsOf(group, plugins),
  }
}

function groupText(group: GroupReport, io: Io): string {
  const paint = painter(io)
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const paths = group.paths.map(({ name, type, everyMs, shows }) => [
    name,
    type,
    `every ${formatDuration(everyMs)}${name.includes('@') ? ', may veto' : ''}`,
    shows,
  ])
  const actuators = group.actuators.map(({ type, required, mode, permissions, tested }) => [
    type,
    required ? 'required' : 'best effort',
    mode === 'pull' ? 'asks us' : 'is written to',
    (permissions.length === 0 ? 'needs no permission' : `needs ${permissions.join('; ')}`) +
      (tested === undefined ? '' : testedSays[tested]),
  ])
  const rules = group.rules.map(({ path, rule, says }) => [path, rule, says])
  const detection = group.detection.map(({ rule, limit, fromMs, toMs }) => [
    `down by ${rule}`,
    `${formatDuration(fromMs)} to ${formatDuration(toMs)}`,
    limit === undefined ? 'after it fails' : `after ${limit}`,
  ])
  const effect = group.effect.map(({ type, settleMs, callTimeoutMs }) => [
    `moved by ${type}`,
    `up to ${formatDuration(settleMs + callTimeoutMs)}`,
    'after the decision',
  ])
  const wait =
    group.leaveAfterMs === 0
      ? []
      : [['left', formatDuration(group.leaveAfterMs), 'after it is down (leave_after)']]
  const title = (text: string) => `  ${paint('quiet', text)}\n`
  return (
    `\n${paint('strong', group.group)}  ${group.title}\n${table(paths)}` +
    (actuators.length === 0 ? '' : title('actuators') + table(actuators)) +
    (rules.length === 0 ? '' : title('rules judged otherwise') + table(rules)) +
    title('how soon') +
    table([...detection, ...wait, ...effect])
  )
}

async function lookOutside(
  { composition }: Cli,
  { settings }: UsableConfiguration,
): Promise<DeepAnswer[]> {
  const signal = stopSignal(composition)
  const references = settings.vantage.reference.map(async (url): Promise<DeepAnswer> => {
    const result = await composition.net.http({
      url,
      method: 'HEAD',
      deadlineMs: referenceTimeoutMs,
      maxBytes: 65_536,
      maxRedirects: 0,
      signal,
    })
    const says = result.ok ? `answers in ${Math.round(result.timings.total)} ms` : result.says
    return { what: `reference ${redactUrl(url)}`, ok: result.ok, says }
  })
  const groups = settings.groups.map(async (group): Promise<DeepAnswer[]> => {
    const { actuators } = await planGroup(composition, group, undefined, signal)
    return actuators.map(({ type, ok, says }) => ({ what: `${group.name} ${type}`, ok, says }))
  })
  const notifiers = settings.notify.map(async (route): Promise<DeepAnswer> => {
    const checked = await askNotifier(composition, route)
    const isUnknown = checked.result === 'unknown'
    return {
      what: `${route.route} ${route.type}`,
      ok: checked.result !== 'bad',
      ...(isUnknown && { unknown: true }),
      says: checked.says,
    }
  })
  return [
    ...(await Promise.all(references)),
    ...(await Promise.all(groups)).flat(),
    ...(await Promise.all(notifiers)),
  ]
}

/** Asks a service about its credentials; nobody is told anything. */
async function askNotifier(
  { plugins, clock, net }: Cli['composition'],
  { type, options }: NotifierSettings,
): Promise<Checked> {
  const plugin = plugins.notifiers.find((each) => each.type === type)
  const says = 'cannot be asked without telling people: watch the first notice arrive'
  if (plugin?.check === undefined) return { result: 'unknown', says }
  return await plugin.check(options, { clock, net, callTimeoutMs: notifierTimeoutMs })
}

function deepText(answers: readonly DeepAnswer[], io: Io): string {
  const paint = painter(io)
  const rows = answers.map(({ what, ok, unknown, says }) => [
    unknown === true ? paint('quiet', 'unknown') : ok ? paint('good', 'ok') : paint('bad', 'FAILS'),
    what,
    says,
  ])
  return `\n${paint('strong', 'Asked outside')}\n${textTable(rows, { width: io.width, indent: 2 })}`
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`
}
