import { builtinModules } from 'node:module'
import type { SourceFile } from './source.ts'

/** Who stands on whom: a file imports from its own module and from the floors below. */
const floors: readonly (readonly string[])[] = [
  ['src/core'],
  ['src/formats'],
  ['src/plugin'],
  ['src/engine', 'src/net', 'src/platform'],
  ['probes', 'src/actuators', 'src/notifiers', 'src/stores', 'src/queues', 'src/config'],
  ['src/metrics', 'src/app', 'src/lab'],
  ['src/simulation'],
  ['src/api', 'src/cli', 'src/ui'],
  ['src/plugins.ts'],
  ['src/composition'],
  ['src/main.ts'],
]

/** Folders where every file, or folder of parts, is a plug-in of its own. */
const pluginFolders = ['probes', 'src/actuators', 'src/notifiers', 'src/stores', 'src/queues']

/** Built-in modules that touch the world or measure time. */
const worldly =
  /^node:(child_process|cluster|dgram|dns|fs|http2?|https|inspector|net|os|perf_hooks|process|readline|repl|sqlite|timers|tls|tty|v8|vm|worker_threads)(\/|$)/u

/** Imports that point up or sideways. */
export function importsAgainstTheLayers(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const own = moduleOf(file.path)
    if (own === undefined) {
      return [
        `${file.path} belongs to no module of the house: move it into one, or add its folder to the floors in test/architecture/layers.ts.`,
      ]
    }
    return file.imports.flatMap(({ of, isFile, line }) => {
      if (!isFile) return []
      const target = moduleOf(of)
      if (target === own) return []
      if (target === undefined) {
        return [
          `${file.path}:${line} imports ${of}, which is outside the house: production code imports only src and probes.`,
        ]
      }
      if (floorOf(target) < floorOf(own)) return []
      return [
        `${file.path}:${line} imports ${of}, which is not below ${own}: pass it in as an argument (main.ts puts things together), or move what both need to a lower floor.`,
      ]
    })
  })
}

/** Plug-ins that know the engine, the platform or each other. */
export function nosyPlugins(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const own = pluginOf(file.path)
    if (own === undefined) return []
    return file.imports.flatMap(({ of, isFile, line }) => {
      if (!isFile) return []
      if (/^src\/(engine|platform)\//u.test(of)) {
        return [
          `${file.path}:${line} imports ${of}: a plug-in only looks or acts. Decisions belong to the engine, and clock, chance and network come through its context.`,
        ]
      }
      const other = pluginOf(of)
      if (other === undefined || other === own) return []
      return [
        `${file.path}:${line} imports ${of} of another plug-in: move what both need to src/formats (codecs) or src/plugin (contracts), or copy it.`,
      ]
    })
  })
}

/** Outside modules that the core, formats and the engine must not know. */
export function worldlyImports(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) =>
    file.imports.flatMap(({ of, isFile, line }) => {
      if (isFile) return []
      const own = moduleOf(file.path)
      const where = `${file.path}:${line} imports ${of}`
      if (!of.startsWith('node:') && builtinModules.includes(of))
        return [`${where}: write node:${of}.`]
      if (own === 'src/core') return [`${where}: the core imports nothing but itself.`]
      const isPure = own === 'src/engine' || own === 'src/formats' || own === 'src/plugin'
      if (isPure && worldly.test(of)) {
        return [
          `${where}: ${own} is pure. Take values in and give values out; I/O is in src/net and plug-ins.`,
        ]
      }
      if (own === 'src/ui' && of.startsWith('node:')) {
        return [`${where}: the status page runs in a browser and speaks only to the API.`]
      }
      return []
    }),
  )
}

function moduleOf(path: string): string | undefined {
  return floors.flat().find((name) => path === name || path.startsWith(`${name}/`))
}

function floorOf(module: string): number {
  return floors.findIndex((floor) => floor.includes(module))
}

/** `src/actuators/haproxy` for `haproxy.ts` and for the parts in the folder of that name. */
function pluginOf(path: string): string | undefined {
  const folder = pluginFolders.find((name) => path.startsWith(`${name}/`))
  if (folder === undefined) return undefined
  const [first = ''] = path.slice(folder.length + 1).split('/')
  return `${folder}/${first.replace(/\.ts$/u, '')}`
}
