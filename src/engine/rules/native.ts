import { childNodes } from './cel.ts'
import type { CelNode } from './cel.ts'
import type { Walked } from './guard.ts'
import { glob } from './glob.ts'
import type { Frame } from './scope.ts'

export type NumberRun = (frame: Frame) => number
export type BooleanRun = (frame: Frame) => boolean | undefined
export type TextRun = (frame: Frame) => string

/** A comparison that time alone can make true: `age > limit`. */
export interface AgeTerm {
  readonly slot: number
  /** `>=` in place of `>`. */
  readonly inclusive: boolean
  /** Seconds; contains no age itself. NaN where something in it is absent. */
  readonly limit: NumberRun
}

export type Native =
  | { readonly type: 'number'; readonly run: NumberRun }
  | { readonly type: 'boolean'; readonly run: BooleanRun }
  | { readonly type: 'text'; readonly run: TextRun }

/**
 * Compiles numbers, comparisons, logic and texts of a checked tree to closures; `undefined` where
 * it contains more (lists), which the library then evaluates. NaN is absent, infinities are errors
 * and so absent too; `&&` and `||` absorb absence as CEL absorbs errors (`false && absent` is false).
 */
export function compileNative(ast: CelNode, walked: Walked, terms: AgeTerm[]): Native | undefined {
  return new NativeCompiler(walked, terms).compile(ast)
}

class NativeCompiler {
  readonly #walked: Walked
  readonly #terms: AgeTerm[]

  constructor(walked: Walked, terms: AgeTerm[]) {
    this.#walked = walked
    this.#terms = terms
  }

  compile(node: CelNode): Native | undefined {
    switch (node.op) {
      case 'value':
        return literal(node.args)
      case 'id':
        return this.#identifier(node.args)
      case 'call':
        return this.#call(node, node.args[0], node.args[1])
      case '!_': {
        const inner = this.#boolean(node.args)
        return inner && { type: 'boolean', run: negate(inner) }
      }
      case '-_': {
        const inner = this.#number(node.args)
        return inner && { type: 'number', run: (frame) => -inner(frame) }
      }
      case '&&':
      case '||': {
        const left = this.#boolean(node.args[0])
        const right = this.#boolean(node.args[1])
        if (left === undefined || right === undefined) return undefined
        return { type: 'boolean', run: node.op === '&&' ? both(left, right) : either(left, right) }
      }
      case '+':
      case '-':
      case '*':
      case '/': {
        const left = this.#number(node.args[0])
        const right = this.#number(node.args[1])
        if (left === undefined || right === undefined) return undefined
        return { type: 'number', run: arithmetic(node.op, left, right) }
      }
      case '>':
      case '>=':
      case '<':
      case '<=':
        return this.#order(node.op, node.args[0], node.args[1])
      case '==':
      case '!=':
        return this.#equality(node.op === '==', node.args[0], node.args[1])
      case '?:':
        return this.#choice(node.args[0], node.args[1], node.args[2])
      case '%':
      case 'in':
      case 'list':
      case 'rcall': {
        const slot = this.#walked.others.get(node)
        return slot === undefined
          ? undefined
          : { type: 'number', run: (frame) => frame.others[slot] as number }
      }
      case '.':
      case '.?':
      case '[]':
      case '[?]':
      case 'map':
        return undefined
    }
  }

  #number(node: CelNode): NumberRun | undefined {
    const native = this.compile(node)
    return native?.type === 'number' ? native.run : undefined
  }

  #boolean(node: CelNode): BooleanRun | undefined {
    const native = this.compile(node)
    return native?.type === 'boolean' ? native.run : undefined
  }

  #identifier(name: string): Native | undefined {
    const variable = this.#walked.variables.get(name)
    if (variable?.kind === 'text') {
      const { name: text } = variable
      return { type: 'text', run: (frame) => frame.texts[text] }
    }
    if (variable?.kind === 'param') {
      const { value } = variable
      return { type: 'number', run: () => value }
    }
    if (variable?.kind !== 'value') return undefined
    const { slot } = variable
    if (!variable.grows) return { type: 'number', run: (frame) => frame.values[slot] as number }
    return {
      type: 'number',
      run: (frame) => (frame.values[slot] as number) + frame.elapsedMs / 1_000,
    }
  }

  #call(node: CelNode, name: string, args: readonly CelNode[]): Native | undefined {
    const slot = this.#walked.aggregates.get(node)
    if (slot !== undefined) {
      return { type: 'number', run: (frame) => frame.aggregates[slot] as number }
    }
    const [first, second] = args.map((argument) => this.compile(argument))
    if (name === 'glob' && first?.type === 'text' && second?.type === 'text') {
      const [text, pattern] = [first.run, second.run]
      return { type: 'boolean', run: (frame) => glob(text(frame), pattern(frame)) }
    }
    if (first?.type !== 'number') return undefined
    const a = first.run
    if (name === 'abs') return { type: 'number', run: (frame) => Math.abs(a(frame)) }
    if (second?.type !== 'number') return undefined
    const b = second.run
    if (name === 'max') return { type: 'number', run: (frame) => Math.max(a(frame), b(frame)) }
    if (name === 'min') return { type: 'number', run: (frame) => Math.min(a(frame), b(frame)) }
    return undefined
  }

  #order(op: '>' | '>=' | '<' | '<=', left: CelNode, right: CelNode): Native | undefined {
    const flipped = op === '<' || op === '<='
    const [great, small] = flipped ? [right, left] : [left, right]
    const inclusive = op === '>=' || op === '<='
    const limit = this.#number(small)
    if (limit === undefined) return undefined
    const slot = this.#ageSlot(great)
    if (slot !== undefined && !this.#hasAge(small)) {
      const term: AgeTerm = { slot, inclusive, limit }
      this.#terms.push(term)
      return { type: 'boolean', run: (frame) => ageExceeds(term, frame) }
    }
    const value = this.#number(great)
    return (
      value && { type: 'boolean', run: inclusive ? reaches(value, limit) : exceeds(value, limit) }
    )
  }

  #ageSlot(node: CelNode): number | undefined {
    const variable = node.op === 'id' ? this.#walked.variables.get(node.args) : undefined
    return variable?.kind === 'value' && variable.grows ? variable.slot : undefined
  }

  #hasAge(node: CelNode): boolean {
    if (this.#walked.aggregates.has(node) || this.#walked.others.has(node)) return false
    if (this.#ageSlot(node) !== undefined) return true
    return childNodes(node).some((child) => this.#hasAge(child))
  }

  #equality(same: boolean, left: CelNode, right: CelNode): Native | undefined {
    const a = this.compile(left)
    const b = this.compile(right)
    if (a?.type === 'text' && b?.type === 'text') {
      return { type: 'boolean', run: (frame) => (a.run(frame) === b.run(frame)) === same }
    }
    if (a?.type === 'number' && b?.type === 'number') {
      return { type: 'boolean', run: equals(a.run, b.run, same) }
    }
    if (a?.type !== 'boolean' || b?.type !== 'boolean') return undefined
    return {
      type: 'boolean',
      run: (frame) => {
        const x = a.run(frame)
        const y = b.run(frame)
        return x === undefined || y === undefined ? undefined : (x === y) === same
      },
    }
  }

  #choice(condition: CelNode, yes: CelNode, no: CelNode): Native | undefined {
    const test = this.#boolean(condition)
    const a = this.compile(yes)
    const b = this.compile(no)
    if (test === undefined) return undefined
    if (a?.type === 'number' && b?.type === 'number') {
      return {
        type: 'number',
        run: (frame) => {
          const chosen = test(frame)
          if (chosen === undefined) return Number.NaN
          return chosen ? a.run(frame) : b.run(frame)
        },
      }
    }
    if (a?.type !== 'boolean' || b?.type !== 'boolean') return undefined
    return {
      type: 'boolean',
      run: (frame) => {
        const chosen = test(frame)
        if (chosen === undefined) return undefined
        return chosen ? a.run(frame) : b.run(frame)
      },
    }
  }
}

function literal(value: unknown): Native | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') {
    const number = Number(value)
    return { type: 'number', run: () => number }
  }
  if (typeof value === 'boolean') return { type: 'boolean', run: () => value }
  if (typeof value === 'string') return { type: 'text', run: () => value }
  return undefined
}

function negate(inner: BooleanRun): BooleanRun {
  return (frame) => {
    const value = inner(frame)
    return value === undefined ? undefined : !value
  }
}

function both(left: BooleanRun, right: BooleanRun): BooleanRun {
  return (frame) => {
    const a = left(frame)
    if (a === false) return false
    const b = right(frame)
    if (b === false) return false
    return a === undefined || b === undefined ? undefined : true
  }
}

function either(left: BooleanRun, right: BooleanRun): BooleanRun {
  return (frame) => {
    const a = left(frame)
    if (a === true) return true
    const b = right(frame)
    if (b === true) return true
    return a === undefined || b === undefined ? undefined : false
  }
}

function arithmetic(op: '+' | '-' | '*' | '/', left: NumberRun, right: NumberRun): NumberRun {
  if (op === '+') return (frame) => left(frame) + right(frame)
  if (op === '-') return (frame) => left(frame) - right(frame)
  if (op === '*') return (frame) => left(frame) * right(frame)
  return (frame) => {
    const divisor = right(frame)
    // A division by zero is an error here; IEEE's infinity would make `>` true on no evidence.
    return divisor === 0 ? Number.NaN : left(frame) / divisor
  }
}

function exceeds(left: NumberRun, right: NumberRun): BooleanRun {
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    return Number.isFinite(a) && Number.isFinite(b) ? a > b : undefined
  }
}

function reaches(left: NumberRun, right: NumberRun): BooleanRun {
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    return Number.isFinite(a) && Number.isFinite(b) ? a >= b : undefined
  }
}

function equals(left: NumberRun, right: NumberRun, same: boolean): BooleanRun {
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    return Number.isFinite(a) && Number.isFinite(b) ? (a === b) === same : undefined
  }
}

/**
 * Milliseconds from the sample to the first whole millisecond at which the term holds; 0 or less
 * where the sample shows it already; `undefined` where the age or the limit is absent.
 */
export function turnsAfterMs(term: AgeTerm, frame: Frame): number | undefined {
  const age = frame.values[term.slot] as number
  const limit = term.limit(frame)
  if (!Number.isFinite(age) || !Number.isFinite(limit)) return undefined
  if (term.inclusive ? age >= limit : age > limit) return 0
  const left = limit * 1_000 - age * 1_000
  // Sums of decimal seconds miss whole milliseconds by rounding: 1e-6 ms forgives that.
  return term.inclusive ? Math.ceil(left - 1e-6) : Math.floor(left + 1e-6) + 1
}

function ageExceeds(term: AgeTerm, frame: Frame): boolean | undefined {
  const after = turnsAfterMs(term, frame)
  return after === undefined ? undefined : frame.elapsedMs >= after
}
