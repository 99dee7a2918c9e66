import { basename, dirname } from 'node:path'
import type { SourceFile, SyntaxNode } from './source.ts'

/** A file as text. */
interface TextFile {
  readonly path: string
  readonly text: string
}

/** Constructs that type stripping cannot run or that readers must not meet, and what to write instead. */
const constructs: Readonly<Record<string, string>> = {
  TSEnumDeclaration: 'an enum: write a union of strings',
  TSModuleDeclaration: 'a namespace: a file is a module already',
  TSParameterProperty: 'a parameter property: declare the field and assign it',
  Decorator: 'a decorator: call a function',
  TSAnyKeyword: '`any`: parse at the edge, or say `unknown` and narrow it',
  ExportAllDeclaration: '`export *`: import from the file that has it',
}

const vagueFolder = /^(utils?|helpers?|types?|interfaces?|managers?|common|misc|lib)$/u

/** The default export belongs to files that are a plug-in, and nowhere else. */
const pluginFile = /^(probes|src\/(actuators|notifiers|stores|queues))\/[a-z0-9-]+\.ts$/u

/** Constructs that the language has and this code does without. */
export function refusedConstructs(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const found: string[] = []
    file.walk((node) => {
      const what = isAugmentation(node) ? undefined : constructs[node.type]
      if (what !== undefined) found.push(`${file.path}:${file.lineOf(node)} has ${what}.`)
      if (node.type === 'ExportDefaultDeclaration' && !pluginFile.test(file.path)) {
        found.push(
          `${file.path}:${file.lineOf(node)} has a default export: name it. Only a file that is a plug-in has one.`,
        )
      }
    })
    return found
  })
}

/** Names that say nothing, and names in another style. */
export function refusedNames(paths: readonly string[]): readonly string[] {
  const found = paths.flatMap((path) => {
    const folders = dirname(path).split('/')
    const vague = folders.find((name) => vagueFolder.test(name))
    if (vague !== undefined) {
      return [`${path} is in a folder "${vague}": name the folder after a word of the domain.`]
    }
    const name = basename(path)
    if (name === 'index.ts') {
      return [`${path} is a barrel by its name: name the file after its main export.`]
    }
    return /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/u.test(name)
      ? []
      : [`${path} is not in kebab-case: rename the file.`]
  })
  return [...new Set(found)]
}

/** Files over the limit without a reason, and reasons without such a file. */
export function longFiles(
  files: readonly Pick<SourceFile, 'path' | 'lines'>[],
  limit: number,
  reasons: Readonly<Record<string, string>>,
): readonly string[] {
  const long = files.filter(({ lines }) => lines > limit)
  const tooLong = long
    .filter(({ path }) => !Object.hasOwn(reasons, path))
    .map(
      ({ path, lines }) =>
        `${path} has ${lines} lines, more than ${limit}: split it by concept, or give the reason in test/architecture.test.ts.`,
    )
  const stale = Object.keys(reasons)
    .filter((path) => !long.some((file) => file.path === path))
    .map(
      (path) =>
        `${path} has at most ${limit} lines or is gone: remove its reason from test/architecture.test.ts.`,
    )
  return [...tooLong, ...stale]
}

/** Notes about unfinished work. */
export function unfinishedWork(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) =>
    file.comments
      .filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/u.test(text))
      .map(({ line }) => `${file.path}:${line} notes unfinished work: finish it or take it out.`),
  )
}

/** Put together from parts, so that these checks do not find themselves. */
export const machineFolders: readonly string[] = ['work', 'root', 'tmp/brief'].map((name) =>
  ['', name, ''].join('/'),
)

/** The registry that the lock file may name, and nothing else. */
export const publicRegistry = ['https:', '', 'registry.npmjs.org', ''].join('/')

/** Places that exist on one machine only. */
export function machinePlaces(files: readonly TextFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const place = machineFolders.find((folder) => line.includes(folder))
      return place === undefined
        ? []
        : [
            `${path}:${index + 1} names a place of one machine ("${place}"): use a path from the repository.`,
          ]
    }),
  )
}

/** Package registries other than the public one in the lock file, and any of them elsewhere. */
export function registryHosts(files: readonly TextFile[]): readonly string[] {
  return files.flatMap(({ path, text }) => {
    const found =
      path === 'package-lock.json'
        ? [...text.matchAll(/"resolved": "([^"]+:[^"]+)"/gu)]
            .map(([, url = '']) => url)
            .filter((url) => !url.startsWith(publicRegistry))
        : [...text.matchAll(/https?:\/\/(?:registry|npm)\.[a-z.]+/gu)].map(([url]) => url)
    return found.map(
      (url) => `${path} names a package registry (${url}): leave that to the person's npm.`,
    )
  })
}

/** `declare module` and `declare global` describe what others made. */
function isAugmentation(node: SyntaxNode): boolean {
  return node.type === 'TSModuleDeclaration' && node.declare === true
}
