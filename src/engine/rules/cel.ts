import { Environment, ParseError } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { glob } from './glob.ts'

/** A node of the library's syntax tree, with offsets into the source. */
export type CelNode = ASTNode

/** Tight limits of the syntax tree; people who need more should write two rules. */
export const limits = { sourceBytes: 2_048, nodes: 300, depth: 24, list: 64 } as const

/** Something wrong at one place of a source. */
export interface CelFault {
  readonly offset: number
  readonly message: string
}

export type CelParsed =
  | { readonly ok: true; readonly ast: CelNode }
  | { readonly ok: false; readonly fault: CelFault }

const options = {
  unlistedVariablesAreDyn: false,
  limits: {
    maxAstNodes: limits.nodes,
    maxDepth: limits.depth,
    maxListElements: limits.list,
    maxMapEntries: 1,
    maxCallArguments: 8,
  },
} as const

/** The library with our functions; everything else that expressions may call is in `guard`. */
const base = new Environment(options)
  .registerFunction('max(double, double): double', (a: number, b: number) => Math.max(a, b))
  .registerFunction('min(double, double): double', (a: number, b: number) => Math.min(a, b))
  .registerFunction('abs(double): double', (a: number) => Math.abs(a))
  .registerFunction('glob(string, string): bool', glob)

/** Syntax alone: names and types are judged by `checkCel`. */
export function parseCel(source: string): CelParsed {
  try {
    return { ok: true, ast: base.parse(source).ast }
  } catch (error) {
    return { ok: false, fault: faultOf(error) }
  }
}

export type CelChecked =
  | {
      readonly ok: true
      /** The type that the library inferred: `bool`, `double`, … */
      readonly type: string
      /**
       * Evaluates with these variables (an object without prototype); `undefined` where a variable
       * is missing or the evaluation errs.
       */
      readonly run: (variables: Readonly<Record<string, number | string>>) => unknown
    }
  | { readonly ok: false; readonly fault: CelFault }

/** Checks names and types of a source against the variables it may use. */
export function checkCel(
  source: string,
  variables: Readonly<Record<string, 'double' | 'string'>>,
): CelChecked {
  const environment = base.clone()
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type)
  try {
    const program = environment.parse(source)
    const result = program.check()
    if (!result.valid) return { ok: false, fault: faultOf(result.error) }
    const run = (values: Readonly<Record<string, number | string>>): unknown => {
      try {
        return program(values)
      } catch {
        return undefined
      }
    }
    return { ok: true, type: result.type ?? 'dyn', run }
  } catch (error) {
    return { ok: false, fault: faultOf(error) }
  }
}

/** The nodes right below a node, in order. */
export function childNodes(node: CelNode): CelNode[] {
  if (node.op === 'value' || node.op === 'id') return []
  const parts: readonly unknown[] = Array.isArray(node.args) ? node.args.flat(2) : [node.args]
  return parts.filter(isNode)
}

function isNode(value: unknown): value is CelNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

function faultOf(error: unknown): CelFault {
  if (typeof error !== 'object' || error === null) return { offset: 0, message: String(error) }
  const { summary, message, range } = error as Partial<ParseError>
  const text = summary ?? message ?? 'not an expression'
  return { offset: range?.start ?? 0, message: text.slice(0, 1).toLowerCase() + text.slice(1) }
}
