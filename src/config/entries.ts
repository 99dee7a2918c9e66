import { placeKey } from './document.ts'
import type { ConfigDocument, Path, Problem } from './document.ts'
import { commonKeys } from './file-schema.ts'
import { ownOptions, parseOptions, perPathProblems, whereOptions } from './plugin-options.ts'
import type { OptionsPlugin, PluginEntry, Plugins } from './plugin-options.ts'

/** Options of all plug-ins that a file names, by the place of the entry (`placeKey`). */
export interface ParsedEntries {
  readonly options: ReadonlyMap<string, unknown>
  /** For groups with `verify.url`, by the place of `verify`: the type of its probe. */
  readonly verifyTypes: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

type Data = Readonly<Record<string, unknown>>

/**
 * Judges the options of every path, actuator, route and `verify.url` by the schema of its plug-in.
 * Takes data that may be wrong anywhere else, so that all errors of a file are found at once.
 */
export function parseEntries(document: ConfigDocument, plugins: Plugins): ParsedEntries {
  const options = new Map<string, unknown>()
  const verifyTypes = new Map<string, string>()
  const problems: Problem[] = []

  function parse(known: readonly OptionsPlugin[], entry: PluginEntry): OptionsPlugin | undefined {
    const plugin = known.find(({ type }) => type === entry.raw['type'])
    // An unknown type was reported by the schema of the file.
    if (plugin === undefined) return undefined
    const parsed = parseOptions(plugin, entry, document)
    if (parsed.ok) options.set(placeKey(entry.at), parsed.options)
    else problems.push(...parsed.problems)
    return parsed.ok ? plugin : undefined
  }

  function parseGroup(group: Data, at: Path): void {
    const paths = asMap(group['paths'])
    const names = document.order.get(placeKey([...at, 'paths'])) ?? []
    for (const [name, path] of Object.entries(paths)) {
      const entry = { at: [...at, 'paths', name], raw: asMap(path), common: commonKeys.probe }
      parse(plugins.probes, entry)
      for (const [witness, check] of Object.entries(asMap(asMap(path)['witnesses']))) {
        const place = [...at, 'paths', name, 'witnesses', witness]
        parse(plugins.probes, { at: place, raw: asMap(check), common: commonKeys.witness })
      }
    }
    for (const [index, actuator] of asList(group['actuators']).entries()) {
      const place = [...at, 'actuators', index]
      const entry = { at: place, raw: asMap(actuator), common: commonKeys.actuator }
      const plugin = parse(plugins.actuators, entry)
      if (plugin !== undefined) problems.push(...perPathProblems(plugin, entry, names))
    }
    parseVerify(group, at, asMap(paths[names[0] ?? '']))
  }

  function parseVerify(group: Data, groupAt: Path, first: Data): void {
    const at = [...groupAt, 'verify']
    const verify = asMap(group['verify'])
    if (verify['url'] === undefined) {
      const says = 'says how verify.url is looked at, but there is no verify.url'
      if (verify['type'] !== undefined) problems.push({ path: [...at, 'type'], atKey: true, says })
      return
    }
    const type = verify['type'] ?? first['type']
    const plugin = plugins.probes.find((probe) => probe.type === type)
    if (plugin === undefined) return
    const shared = type === first['type']
    const notShared = [...commonKeys.probe, ...whereOptions]
    const inherited = shared ? ownOptions({ raw: first, common: notShared }) : {}
    const entry = { at, raw: { ...inherited, url: verify['url'] }, common: [] }
    const parsed = parseOptions(plugin, entry, document)
    verifyTypes.set(placeKey(at), plugin.type)
    if (parsed.ok) options.set(placeKey(at), parsed.options)
    else problems.push(...parsed.problems.flatMap((found) => forVerify(found, at, plugin, shared)))
  }

  const file = asMap(document.value)
  for (const [streamName, stream] of Object.entries(asMap(file['streams']))) {
    for (const [groupName, group] of Object.entries(asMap(asMap(stream)['groups']))) {
      parseGroup(asMap(group), ['streams', streamName, 'groups', groupName])
    }
  }
  for (const [index, route] of asList(file['notify']).entries()) {
    const raw = asMap(route)
    parse(plugins.notifiers, { at: ['notify', index], raw, common: commonKeys.notifier })
  }
  return { options, verifyTypes, problems }
}

/** Options that `verify` takes over from the first path were judged there; only `url` is its own. */
function forVerify(problem: Problem, at: Path, plugin: OptionsPlugin, shared: boolean): Problem[] {
  const option = problem.path[at.length]
  if (option === 'url') {
    if (!problem.says.startsWith('unknown key')) return [problem]
    const says = `the probe ${plugin.type} takes no url; say with verify.type which probe looks at it`
    return [{ path: problem.path, says }]
  }
  if (shared) return []
  const says = `the probe ${plugin.type} needs more than a url (${String(option)}: ${problem.says})`
  return [{ path: [...at, 'url'], says }]
}

function asMap(value: unknown): Data {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMap ? (value as Data) : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
