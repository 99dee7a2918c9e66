import { checkCel, childNodes, limits, parseCel } from './cel.ts'
import type { CelNode } from './cel.ts'
import { applyEdits, originalOffset, walk } from './guard.ts'
import type { Variable, Walked } from './guard.ts'
import { compileNative } from './native.ts'
import type { AgeTerm, BooleanRun, NumberRun } from './native.ts'
import type { Frame, RuleScope } from './scope.ts'
import { truthOf, type Truth } from './truth.ts'

/** The names that an expression may use. */
export interface ExpressionScope {
  readonly scope: RuleScope
  /** Window lengths in milliseconds by name. */
  readonly windows: Readonly<Record<string, number>>
  /** Numbers of the rule by name. */
  readonly params?: Readonly<Record<string, number>>
}

/** What is wrong with an expression, at a line and column of it, both counted from 1. */
export interface ExpressionError {
  readonly line: number
  readonly column: number
  readonly message: string
  /** The known name that was most likely meant. */
  readonly nearest?: string
}

/** A checked boolean expression over the measurements of one path at one vantage. */
export interface Expression {
  readonly source: string
  /** Measurements that it reads, also through aggregates. */
  readonly needs: readonly string[]
  /** Slots of the aggregates that it reads. */
  readonly aggregates: readonly number[]
  /** Slots of what it asks of the other paths of the group. */
  readonly others: readonly number[]
  /** What it can come to at all. */
  readonly truth: Truth
  /** The same where a window of so many milliseconds holds at most `looksIn` looks. */
  readonly truthWithin: (looksIn: (windowMs: number) => number) => Truth
  /** Comparisons that time alone makes true. */
  readonly ages: readonly AgeTerm[]
  /** `undefined` where a measurement that decides is absent, or the evaluation errs. */
  readonly evaluate: BooleanRun
}

/** A checked numeric expression, for the values in sentences. */
export interface NumberExpression {
  readonly needs: readonly string[]
  readonly aggregates: readonly number[]
  readonly others: readonly number[]
  /** NaN where something in it is absent. */
  readonly evaluate: NumberRun
}

export type Compiled<T> =
  | { readonly ok: true; readonly expression: T }
  | { readonly ok: false; readonly errors: readonly ExpressionError[] }

/**
 * Compiles a CEL expression of type bool. Whole numbers are read as doubles, as every measurement is
 * one. Sources over 2 KiB, trees of more than 300 nodes or 24 levels, lists over 64 and whatever
 * `guard` names are refused.
 */
export function compileExpression(source: string, names: ExpressionScope): Compiled<Expression> {
  const checked = check(source, names)
  if (!checked.ok) return checked
  const { ast, walked, run } = checked
  if (checked.type !== 'bool') {
    const message = `expected a condition that is true or false, this is a ${checked.type}`
    return refuse(source, [{ offset: 0, message }])
  }
  const ages: AgeTerm[] = []
  const native = compileNative(ast, walked, ages)
  const truth = truthOf(ast, walked, names, source)
  const aggregates = aggregateSlots(walked)
  const parts = {
    source,
    needs: [...walked.needs],
    aggregates,
    others: othersSlots(walked),
    truth,
    truthWithin: (looksIn: (windowMs: number) => number) =>
      truthOf(ast, walked, names, source, looksIn),
    ages,
  }
  if (native?.type === 'boolean') {
    return { ok: true, expression: { ...parts, evaluate: native.run } }
  }
  const offset = variableDivisor(ast)
  if (offset !== undefined) {
    const message =
      'beside lists, divide by constants only: a division by zero could not be noticed'
    return refuse(source, [{ offset, message }])
  }
  return { ok: true, expression: { ...parts, evaluate: byLibrary(walked.variables, run) } }
}

/** Compiles a numeric expression, by the same rules as a condition; lists are refused. */
export function compileNumber(source: string, names: ExpressionScope): Compiled<NumberExpression> {
  const checked = check(source, names)
  if (!checked.ok) return checked
  const native = compileNative(checked.ast, checked.walked, [])
  if (native?.type !== 'number') {
    const message = 'expected a number: a measurement, an aggregate or arithmetic over them'
    return refuse(source, [{ offset: 0, message }])
  }
  const { walked } = checked
  const aggregates = aggregateSlots(walked)
  const parts = { needs: [...walked.needs], aggregates, others: othersSlots(walked) }
  return { ok: true, expression: { ...parts, evaluate: native.run } }
}

type Program = (variables: Readonly<Record<string, number | string>>) => unknown

type Checked =
  | {
      readonly ok: true
      readonly ast: CelNode
      readonly walked: Walked
      readonly type: string
      readonly run: Program
    }
  | { readonly ok: false; readonly errors: readonly ExpressionError[] }

function check(source: string, names: ExpressionScope): Checked {
  if (Buffer.byteLength(source) > limits.sourceBytes) {
    return refuse('', [{ offset: 0, message: `longer than ${limits.sourceBytes} bytes` }])
  }
  const parsed = parseCel(source)
  if (!parsed.ok) return refuse(source, [parsed.fault])
  const walked = walk(parsed.ast, names)
  if (walked.faults.length > 0) return refuse(source, walked.faults)
  const types = Object.fromEntries(
    [...walked.variables].map(([name, { kind }]) => [name, kind === 'text' ? 'string' : 'double']),
  ) as Record<string, 'double' | 'string'>
  const checked = checkCel(applyEdits(source, walked.edits), types)
  if (!checked.ok) {
    const offset = originalOffset(checked.fault.offset, walked.edits)
    return refuse(source, [{ offset, message: checked.fault.message }])
  }
  return { ok: true, ast: parsed.ast, walked, type: checked.type, run: checked.run }
}

/** The way for expressions with lists; also the yardstick that tests hold native code to. */
export function byLibrary(variables: ReadonlyMap<string, Variable>, run: Program): BooleanRun {
  const entries = [...variables]
  return (frame) => {
    const context = Object.create(null) as Record<string, number | string>
    for (const [name, variable] of entries) {
      const value = variableValue(variable, frame)
      // An absent variable is left out, so that the library errs where it is needed.
      if (typeof value === 'string' || Number.isFinite(value)) context[name] = value
    }
    const result = run(context)
    return typeof result === 'boolean' ? result : undefined
  }
}

function variableValue(variable: Variable, frame: Frame): number | string {
  if (variable.kind === 'text') return frame.texts[variable.name]
  if (variable.kind === 'param') return variable.value
  if (variable.kind === 'others') return frame.others[variable.slot] ?? Number.NaN
  if (variable.kind === 'aggregate') return frame.aggregates[variable.slot] ?? Number.NaN
  const value = frame.values[variable.slot] ?? Number.NaN
  return variable.grows ? value + frame.elapsedMs / 1_000 : value
}

function aggregateSlots(walked: Walked): number[] {
  return [...new Set(walked.aggregates.values())]
}

function othersSlots(walked: Walked): number[] {
  return [...new Set(walked.others.values())]
}

/** Offset of the first division whose divisor is no constant other than zero. */
function variableDivisor(node: CelNode): number | undefined {
  if (node.op === '/') {
    const divisor = node.args[1]
    if (divisor.op !== 'value' || Number(divisor.args) === 0) return divisor.start
  }
  for (const child of childNodes(node)) {
    const found = variableDivisor(child)
    if (found !== undefined) return found
  }
  return undefined
}

function refuse(
  source: string,
  faults: readonly { offset: number; message: string; nearest?: string }[],
): { readonly ok: false; readonly errors: readonly ExpressionError[] } {
  const errors = faults.map(({ offset, message, nearest }) => {
    const before = source.slice(0, offset).split('\n')
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message }
    return nearest === undefined ? place : { ...place, nearest }
  })
  return { ok: false, errors }
}
