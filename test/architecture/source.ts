import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join, posix, relative, sep } from 'node:path'
import { parseSync, visitorKeys } from 'oxc-parser'

/** The folder of the repository. */
export const repository = fileURLToPath(new URL('../..', import.meta.url))

/** What nobody commits. */
const ignored = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache'])

/** A node of the syntax tree (TS-ESTree). */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

/** One import or re-export of a file. */
export interface Import {
  /** As written, for packages and built-in modules; for files the path from the repository. */
  readonly of: string
  readonly isFile: boolean
  readonly line: number
}

/** A parsed file of the repository. */
export interface SourceFile {
  /** From the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly comments: readonly { readonly text: string; readonly line: number }[]
  /** Calls `visit` for every node with the nodes around it, innermost last. */
  walk(visit: (node: SyntaxNode, around: readonly SyntaxNode[]) => void): void
  lineOf(node: SyntaxNode): number
}

/** Parses one file; the self-tests pass text that stands nowhere. */
export function parse(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text)
  if (parsed.errors.length > 0) {
    throw new Error(`${path} cannot be parsed: ${parsed.errors[0]?.message}`)
  }
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const program = parsed.program as unknown as SyntaxNode
  const imports: Import[] = []
  visitTree(program, [], (node) => {
    const specifier = specifierOf(node)
    if (specifier === undefined) return
    const isFile = specifier.startsWith('.')
    const of = isFile ? posix.join(posix.dirname(path), specifier) : specifier
    imports.push({ of, isFile, line: lineAt(node.start) })
  })
  return {
    path,
    text,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports,
    comments: parsed.comments.map(({ value, start }) => ({ text: value, line: lineAt(start) })),
    walk: (visit) => visitTree(program, [], visit),
    lineOf: (node) => lineAt(node.start),
  }
}

/** Every file under these folders, from the repository, sorted. */
export function filesUnder(...folders: readonly string[]): readonly string[] {
  return folders.flatMap(list).toSorted()
}

/** The parsed TypeScript under these folders. */
export function sourcesUnder(...folders: readonly string[]): readonly SourceFile[] {
  return filesUnder(...folders)
    .filter((path) => /\.tsx?$/u.test(path) && !path.startsWith('test/fixtures/'))
    .map((path) => parse(path, readFileSync(join(repository, path), 'utf8')))
}

/** Whether `value` is a node of the tree. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** The name of an identifier node; `undefined` for any other. */
export function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? String(node.name) : undefined
}

function list(folder: string): readonly string[] {
  const entries = readdirSync(join(repository, folder), { withFileTypes: true })
  return entries.flatMap((entry) => {
    if (ignored.has(entry.name)) return []
    const path = relative(repository, join(repository, folder, entry.name)).replaceAll(sep, '/')
    if (entry.isDirectory()) return list(path)
    return entry.isFile() ? [path] : []
  })
}

function visitTree(
  node: SyntaxNode,
  around: readonly SyntaxNode[],
  visit: (node: SyntaxNode, around: readonly SyntaxNode[]) => void,
): void {
  visit(node, around)
  const inside = [...around, node]
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key]
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visitTree(child, inside, visit)
    }
  }
}

/** What an import, re-export, `import()` or `import('…')` type names. */
function specifierOf(node: SyntaxNode): string | undefined {
  const isImport =
    node.type === 'ImportDeclaration' ||
    node.type === 'ExportAllDeclaration' ||
    node.type === 'ExportNamedDeclaration' ||
    node.type === 'ImportExpression' ||
    node.type === 'TSImportType'
  if (!isImport || !isNode(node.source)) return undefined
  return typeof node.source.value === 'string' ? node.source.value : undefined
}
