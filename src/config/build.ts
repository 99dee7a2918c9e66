import { redactUrl } from '../core/redact.ts'
import type { RuleChanges } from '../core/rule.ts'
import type { GroupSettings, PathSettings, Settings, VantageSettings } from '../core/settings.ts'
import { mergeChanges } from '../engine/rules/alter-rules.ts'
import { calendarEntry, periodOf } from './calendar-fields.ts'
import { buildContinuity } from './continuity-fields.ts'
import { buildDrills } from './drills.ts'
import { buildCapacity, buildSharing } from './sharing.ts'
import { placeKey } from './document.ts'
import type { ConfigDocument, Path } from './document.ts'
import { showText } from './mask.ts'
import type { ParsedEntries } from './entries.ts'
import { whereOptions } from './plugin-options.ts'
import { buildRoutes } from './route-fields.ts'
import type { Plugins } from './plugin-options.ts'
import type { FileGroup, FileSettings } from './file-schema.ts'
import { toChanges } from './rule-fields.ts'

/** What the settings are made from: the parsed file, its plug-ins' options and its order of keys. */
export interface Parts {
  readonly file: FileSettings
  readonly entries: ParsedEntries
  readonly document: ConfigDocument
  readonly plugins: Plugins
}

/** The complete settings of a file in which nothing is wrong. */
export function buildSettings(parts: Parts): Settings {
  const { file } = parts
  const vantages = listVantages(file)
  const own = vantages.find(({ name }) => name === file.vantage.name)
  return {
    mode: file.mode,
    profile: file.profile,
    vantage: {
      name: file.vantage.name,
      domain: own?.domain ?? file.vantage.name,
      reference: file.vantage.reference,
    },
    vantages,
    store: file.store,
    listen: {
      operator: file.listen.operator,
      ...(file.listen.public === undefined ? {} : { public: file.listen.public }),
      ...(file.listen.agent === undefined ? {} : { agent: file.listen.agent }),
    },
    tokens: file.tokens,
    ...(file.heartbeat === undefined
      ? {}
      : { heartbeat: { url: file.heartbeat.url, everyMs: file.heartbeat.every } }),
    ...(file.public_url === undefined ? {} : { publicUrl: file.public_url }),
    rules: { directories: file.rules, shipped: file.shipped_rules, ...ruleChangesOf(parts) },
    timing: {
      everyMs: file.timing.every,
      forMs: file.timing.for,
      ratio: file.timing.ratio,
      clearForMs: file.timing.clear_for,
      staleAfterMs: file.timing.stale_after,
    },
    ...(file.recording.directory === undefined
      ? {}
      : {
          recording: {
            directory: file.recording.directory,
            maxBytes: file.recording.max_bytes,
            files: file.recording.files,
          },
        }),
    installation: {
      blastRadius: {
        groups: file.installation.blast_radius.groups,
        fraction: file.installation.blast_radius.fraction,
        perMs: file.installation.blast_radius.per,
        beyond: file.installation.blast_radius.beyond,
      },
    },
    groups: buildGroups(parts, vantages),
    drills: buildDrills(file),
    drillReports: {
      keep: file.drill_reports.keep,
      ...(file.drill_reports.directory !== undefined && {
        directory: file.drill_reports.directory,
      }),
    },
    notify: buildRoutes(file.notify, (index) =>
      parts.entries.options.get(placeKey(['notify', index])),
    ),
  }
}

/** What is judged otherwise by path: the stream's changes, over them the group's, over them its own. */
function ruleChangesOf({ file }: Parts): Pick<Settings['rules'], 'changes'> {
  const changes: Record<string, RuleChanges> = {}
  for (const [streamName, stream] of Object.entries(file.streams)) {
    for (const [groupName, group] of Object.entries(stream.groups)) {
      const wide = mergeChanges(toChanges(stream.rules ?? {}), toChanges(group.rules ?? {}))
      const own = Object.entries(group.paths).flatMap(([name, path]) => [
        [name, path.rules ?? {}] as const,
        ...Object.entries(path.witnesses ?? {}).map(
          ([witness, { rules }]) => [`${name}@${witness}`, rules ?? {}] as const,
        ),
      ])
      for (const [name, rules] of [...own, ['verify', {}] as const]) {
        const merged = mergeChanges(wide, toChanges(rules))
        if (Object.keys(merged).length > 0) changes[`${streamName}/${groupName}/${name}`] = merged
      }
    }
  }
  return Object.keys(changes).length === 0 ? {} : { changes }
}

function listVantages(file: FileSettings): VantageSettings[] {
  const listed = file.vantages ?? [file.vantage]
  return listed.map(({ name, domain }) => ({ name, domain: domain ?? name }))
}

function buildGroups(parts: Parts, vantages: readonly VantageSettings[]): GroupSettings[] {
  return ordered(parts.file.streams, ['streams'], parts.document).flatMap(([stream, settings]) => {
    const at = ['streams', stream, 'groups']
    return ordered(settings.groups, at, parts.document).map(([name, group]) =>
      buildGroup(parts, group, {
        at: [...at, name],
        stream,
        name,
        title: settings.title ?? stream,
        tags: settings.tags,
        vantages,
      }),
    )
  })
}

interface GroupPlace {
  readonly at: Path
  readonly stream: string
  readonly name: string
  readonly title: string
  readonly tags: readonly string[]
  readonly vantages: readonly VantageSettings[]
}

function buildGroup(parts: Parts, group: FileGroup, place: GroupPlace): GroupSettings {
  const pathsAt = [...place.at, 'paths']
  const paths = ordered(group.paths, pathsAt, parts.document).map(([name, path]) =>
    buildPath(parts, [...pathsAt, name], {
      name,
      type: path.type,
      everyMs: path.every ?? parts.file.timing.every,
      ...(path.domain === undefined ? {} : { domain: path.domain }),
      ...(group.quorum.confirm === 'none'
        ? {}
        : buildWitnesses(parts, [...pathsAt, name], name, path)),
    }),
  )
  const sharing = buildSharing(
    group,
    paths.map(({ name }) => name),
  )
  const capacity = buildCapacity(group)
  const verifyPath = buildVerifyPath(parts, [...place.at, 'verify'], paths)
  // Whoever encodes notices a change of ingest, so that returning is a person's decision there.
  const side = parts.plugins.probes.find(({ type }) => type === paths[0]?.type)?.side
  const role = group.role ?? side ?? 'delivery'
  return {
    name: `${place.stream}/${place.name}`,
    stream: place.stream,
    title: place.title,
    ...(place.tags.length > 0 && { tags: place.tags }),
    strategy: group.strategy,
    role,
    ...(sharing !== undefined && { sharing }),
    ...(capacity !== undefined && { capacity }),
    paths,
    vantages: place.vantages,
    priority: group.priority,
    quorum: {
      atLeast: group.quorum.at_least,
      fraction: group.quorum.fraction,
      domains: group.quorum.domains,
      minFresh: group.quorum.min_fresh,
    },
    verify: {
      ...(verifyPath === undefined ? {} : { path: verifyPath }),
      forMs: group.verify.for,
    },
    holddownMs: group.holddown,
    budget: { changes: group.budget.changes, perMs: group.budget.per },
    drillBudget: { changes: group.drill_budget.changes, perMs: group.drill_budget.per },
    ...(group.drill_within !== undefined && { drillWithinMs: group.drill_within }),
    failback: {
      auto: group.failback.auto ?? role === 'delivery',
      stableForMs: group.failback.stable_for,
      maxWaitMs: group.failback.max_wait,
      window: group.failback.window.map((each) => periodOf(each)),
    },
    flaps: {
      halfLifeMs: group.flaps.half_life,
      suppress: group.flaps.suppress,
      reuse: group.flaps.reuse,
    },
    calendar: [...parts.file.installation.calendar, ...group.calendar].map((entry) =>
      calendarEntry(entry),
    ),
    ...buildContinuity(group, parts.plugins.actuators, (index) =>
      parts.entries.options.get(placeKey([...place.at, 'actuators', index])),
    ),
    pageAfterMs: group.page_after,
    actuators: group.actuators.map(({ type, required }, index) => ({
      type,
      required,
      options: parts.entries.options.get(placeKey([...place.at, 'actuators', index])),
    })),
    leaseMs: group.lease.ttl,
    renewMs: group.lease.renew,
    callTimeoutMs: group.call_timeout,
    precheckTtlMs: group.precheck_ttl,
    observeEveryMs: group.observe_every,
    impliedHoldMs: group.implied_hold,
    earnMs: earnMs(paths, parts.file.timing),
  }
}

function buildWitnesses(
  parts: Parts,
  at: Path,
  path: string,
  { every, witnesses }: FileGroup['paths'][string],
): Pick<PathSettings, 'witnesses'> {
  if (witnesses === undefined) return {}
  const witnessesAt = [...at, 'witnesses']
  return {
    witnesses: ordered(witnesses, witnessesAt, parts.document).map(([name, witness]) =>
      buildPath(parts, [...witnessesAt, name], {
        name: `${path}@${name}`,
        type: witness.type,
        everyMs: witness.every ?? every ?? parts.file.timing.every,
      }),
    ),
  }
}

/** Streams of long segments show their first change this late, and an age is judged only after one. */
const firstChangeMs = 30_000

/** A path earns its health by being good for `for`; its first look, two late ones and its first change come on top. */
function earnMs(paths: readonly PathSettings[], timing: FileSettings['timing']): number {
  return firstChangeMs + timing.for + 3 * Math.max(...paths.map(({ everyMs }) => everyMs))
}

function buildVerifyPath(
  parts: Parts,
  at: Path,
  paths: readonly PathSettings[],
): PathSettings | undefined {
  const type = parts.entries.verifyTypes.get(placeKey(at))
  if (type === undefined) return undefined
  const everyMs = paths[0]?.everyMs ?? parts.file.timing.every
  return buildPath(parts, at, { name: 'verify', type, everyMs })
}

function buildPath(
  parts: Parts,
  at: Path,
  path: Omit<PathSettings, 'options' | 'shows'>,
): PathSettings {
  const options = parts.entries.options.get(placeKey(at))
  return { ...path, options, shows: showAddress(options, parts.document.secrets) ?? path.type }
}

/** The first option that says where a probe looks, without what was substituted into its path. */
function showAddress(options: unknown, secrets: readonly string[]): string | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  const given = options as Readonly<Record<string, unknown>>
  const address = whereOptions.map((key) => given[key]).find(isText)
  if (address === undefined) return undefined
  const redacted = address.includes('://') ? redactUrl(address) : showText(address)
  const afterHost = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/iu.exec(redacted)?.[0].length ?? 0
  let rest = redacted.slice(afterHost)
  for (const secret of secrets) {
    rest = rest.replaceAll(secret, '…').replaceAll(encodeURI(secret), '…')
  }
  return redacted.slice(0, afterHost) + rest
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Entries in the order of the file; an object would put names that look like numbers first. */
function ordered<Value>(
  map: Readonly<Record<string, Value>>,
  at: Path,
  document: ConfigDocument,
): [string, Value][] {
  const names = document.order.get(placeKey(at)) ?? []
  return names.flatMap((name): [string, Value][] => {
    const value = Object.hasOwn(map, name) ? map[name] : undefined
    return value === undefined ? [] : [[name, value]]
  })
}
