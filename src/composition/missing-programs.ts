import type { Plugins } from '../app/plugin-binding.ts'
import type { LoadedConfiguration } from '../cli/composition.ts'
import type { Processes } from '../plugin/processes.ts'

/** A configuration with a warning for each program that its paths need and that is not installed here. */
export function withMissingPrograms(
  loaded: LoadedConfiguration,
  plugins: Pick<Plugins, 'probes'>,
  processes: Pick<Processes, 'find'>,
): LoadedConfiguration {
  if (!loaded.ok) return loaded
  const watched = loaded.settings.groups.flatMap(({ paths, verify }) => [
    ...paths,
    ...(verify.path === undefined ? [] : [verify.path]),
  ])
  const missing = plugins.probes.flatMap(({ type, program }) => {
    if (program === undefined) return []
    const isNeeded = watched.some(
      (path) => path.type === type && (program.isNeeded?.(path.options) ?? true),
    )
    return isNeeded && processes.find(program.name) === undefined ? [program.says] : []
  })
  return missing.length === 0 ? loaded : { ...loaded, warnings: [...loaded.warnings, ...missing] }
}
