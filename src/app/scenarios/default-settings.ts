import { z } from 'zod'
import { loadSettings, type LoadedSettings } from '../../config/load.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Settings, VantageSettings } from '../../core/settings.ts'
import type { ProbePlugin } from '../../plugin/probe.ts'

/** What is known of an installation whose configuration is not at hand. */
export interface InstallationShape {
  /** For messages. */
  readonly place: string
  readonly profile?: Settings['profile']
  /** The first is the own one. */
  readonly vantages?: readonly VantageSettings[]
  readonly groups: readonly {
    /** `<stream>/<group>` */
    readonly name: string
    /** Keys of the configuration that are not left at their defaults. */
    readonly keys?: Readonly<Record<string, unknown>>
    readonly paths: readonly {
      readonly name: string
      readonly everyMs?: number
      readonly domain?: string
      /** Further keys of the configuration. */
      readonly keys?: Readonly<Record<string, unknown>>
    }[]
  }[]
}

/** A path whose samples stand in a file has no options. */
export const filedProbe: ProbePlugin = {
  type: 'filed',
  summary: 'A path whose samples stand in a file.',
  options: z.strictObject({}),
  measures: [],
  async *observe() {},
}

/** Complete settings over these groups, with every default of the configuration. */
export function defaultSettings(shape: InstallationShape): LoadedSettings {
  const streams = new Map<string, [string, string][]>()
  for (const { name, keys = {}, paths } of shape.groups) {
    const [stream = '', group = ''] = name.split('/')
    const entries = paths.map(({ name: path, keys: own, everyMs, domain }): [string, string] => {
      const every = everyMs === undefined ? undefined : formatDuration(everyMs)
      return [path, JSON.stringify({ type: filedProbe.type, every, domain, ...own })]
    })
    const groups = streams.get(stream) ?? []
    const more = Object.entries(keys).map(([key, value]) => [key, JSON.stringify(value)] as const)
    streams.set(stream, [...groups, [group, mapText([...more, ['paths', mapText(entries)]])]])
  }
  const { profile, vantages } = shape
  const own = vantages?.[0] && { name: vantages[0].name }
  const rest = JSON.stringify({ profile, vantage: own, vantages }).slice(1, -1)
  const groups = mapText(
    [...streams].map(([stream, each]) => [stream, `{"groups":${mapText(each)}}`]),
  )
  return loadSettings({
    text: `{${rest}${rest === '' ? '' : ','}"streams":${groups}}`,
    fileName: shape.place,
    plugins: { probes: [filedProbe], actuators: [], notifiers: [] },
    environment: () => undefined,
    readFile: () => '',
  })
}

/** An object would put names that look like numbers first; the first path is the preferred one. */
function mapText(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`
}
