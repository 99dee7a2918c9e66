import { isNode, nameOf, type SourceFile, type SyntaxNode } from './source.ts'

const clock = 'take the Clock that is passed in (clock.wall, clock.now, clock.sleep)'
const chance = 'take the Random or Ids that is passed in'
const environment = 'read it in main.ts through src/platform/environment.ts and pass the value on'

/** What reaches around the context to time, chance and the environment, and what to do instead. */
const members: Readonly<Record<string, string>> = {
  'Date.now': clock,
  'performance.now': clock,
  'performance.timeOrigin': clock,
  'Temporal.Now': clock,
  'process.hrtime': clock,
  'process.uptime': clock,
  'AbortSignal.timeout': 'use withDeadline of src/core/clock.ts',
  'Math.random': chance,
  'crypto.randomUUID': chance,
  'crypto.getRandomValues': chance,
  'process.env': environment,
}

const globals: Readonly<Record<string, string>> = {
  setTimeout: clock,
  setInterval: clock,
  setImmediate: clock,
  randomUUID: chance,
  randomInt: chance,
}

const modules: Readonly<Record<string, string>> = {
  'node:timers': clock,
  'node:timers/promises': clock,
  'node:perf_hooks': clock,
  'node:process': environment,
}

/** Uses of banned globals; pass only files outside src/platform and src/ui. */
export function bannedGlobals(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const found: string[] = []
    const add = (what: string, line: number, instead: string) =>
      found.push(`${file.path}:${line} uses ${what}: ${instead}.`)
    for (const { of, line } of file.imports) {
      const instead = modules[of]
      if (instead !== undefined) add(of, line, instead)
    }
    file.walk((node, around) => {
      const bare = bareGlobal(node, around)
      if (bare !== undefined) add(bare.name, file.lineOf(node), bare.instead)
      const member = memberName(node)
      const instead = member === undefined ? undefined : members[member]
      if (member !== undefined && instead !== undefined) add(member, file.lineOf(node), instead)
      if (isDateOfNow(node)) add('the current date', file.lineOf(node), clock)
    })
    return found
  })
}

/** `Date.now` for `Date.now`, `globalThis.Date.now`, `Date['now']` and `const { now } = Date`. */
function memberName(node: SyntaxNode): string | undefined {
  if (node.type === 'VariableDeclarator') return destructured(node)
  if (node.type !== 'MemberExpression') return undefined
  const object = lastName(node.object)
  const property = isNode(node.property) ? node.property : undefined
  if (object === undefined || property === undefined) return undefined
  const name =
    node.computed === true && property.type === 'Literal' ? property.value : nameOf(property)
  return typeof name === 'string' ? `${object}.${name}` : undefined
}

function destructured(node: SyntaxNode): string | undefined {
  const { id, init } = node
  const object = lastName(init)
  if (object === undefined || !isNode(id) || id.type !== 'ObjectPattern') return undefined
  const properties = Array.isArray(id.properties) ? id.properties : []
  const names = properties.map((property) => nameOf(isNode(property) ? property.key : undefined))
  return names.map((name) => `${object}.${name}`).find((name) => Object.hasOwn(members, name))
}

/** The name of a global, also behind `globalThis`. */
function lastName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type !== 'MemberExpression') return nameOf(node)
  return nameOf(node.object) === 'globalThis' ? nameOf(node.property) : undefined
}

/** A banned global by its bare name, unless that is merely the name of a property of something else. */
function bareGlobal(
  node: SyntaxNode,
  around: readonly SyntaxNode[],
): { readonly name: string; readonly instead: string } | undefined {
  const name = nameOf(node)
  if (name === undefined || !Object.hasOwn(globals, name)) return undefined
  const parent = around.at(-1)
  const isMember = parent?.type === 'MemberExpression' && parent.property === node
  if (isMember && nameOf(parent.object) !== 'globalThis') {
    // `crypto.randomUUID` is found as a member already; `clock.setTimeout` is somebody's own.
    return undefined
  }
  const isKey = parent?.type === 'Property' && parent.key === node && parent.shorthand !== true
  const isDeclaredKey =
    parent !== undefined &&
    /^(TSPropertySignature|TSMethodSignature|MethodDefinition|PropertyDefinition)$/u.test(
      parent.type,
    )
  if (isKey || isDeclaredKey) return undefined
  return { name, instead: globals[name] ?? clock }
}

/** `new Date()` and `Date()`; a date of a given moment is a value like any other. */
function isDateOfNow(node: SyntaxNode): boolean {
  const isDate = lastName(node.callee) === 'Date'
  if (!isDate) return false
  if (node.type === 'CallExpression') return true
  return (
    node.type === 'NewExpression' && Array.isArray(node.arguments) && node.arguments.length === 0
  )
}
