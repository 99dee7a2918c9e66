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
  const says = plugins.probes.flatMap(({ type, programs = [] }) => {
    const own = watched.filter((path) => path.type === type)
    return programs
      .filter((program) => {
        const isWanted = own.some(({ options }) => program.isNeeded?.(options) ?? true)
        return isWanted && processes.find(program.name) === undefined
      })
      .map((program) => program.says)
  })
  const missing = [...new Set(says)]
  return missing.length === 0 ? loaded : { ...loaded, warnings: [...loaded.warnings, ...missing] }
}
