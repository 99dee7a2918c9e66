import { childNodes } from './cel.ts'
import type { CelNode } from './cel.ts'
import type { Walked } from './guard.ts'
import type { RuleScope } from './scope.ts'

/** What a condition can come to, whatever is measured. */
export interface Truth {
  readonly canBeTrue: boolean
  readonly canBeFalse: boolean
}

/** The values that a number can have, both ends included. */
interface Range {
  readonly low: number
  readonly high: number
}

const anyTruth: Truth = { canBeTrue: true, canBeFalse: true }
const anyNumber: Range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
const notNegative: Range = { low: 0, high: Number.POSITIVE_INFINITY }

/**
 * What a checked condition can come to. Sound, not complete: what is called impossible is so for
 * every measurement, yet not everything impossible is found. Known are constants, amounts that
 * cannot be negative, and limits of one value that contradict each other within one `&&`. `looksIn`
 * tells how many looks a window of so many milliseconds can hold; any number if absent.
 */
export function truthOf(
  ast: CelNode,
  walked: Walked,
  names: Names,
  source: string,
  looksIn: (windowMs: number) => number = () => Number.POSITIVE_INFINITY,
): Truth {
  return new Judge(walked, names, source, looksIn).truth(ast)
}

interface Names {
  readonly scope: RuleScope
  readonly windows: Readonly<Record<string, number>>
}

class Judge {
  readonly #walked: Walked
  readonly #scope: RuleScope
  readonly #windows: Readonly<Record<string, number>>
  readonly #source: string
  readonly #looksIn: (windowMs: number) => number

  constructor(
    walked: Walked,
    { scope, windows }: Names,
    source: string,
    looksIn: (windowMs: number) => number,
  ) {
    this.#walked = walked
    this.#scope = scope
    this.#windows = windows
    this.#source = source
    this.#looksIn = looksIn
  }

  truth(node: CelNode): Truth {
    switch (node.op) {
      case 'value':
        if (typeof node.args !== 'boolean') return anyTruth
        return { canBeTrue: node.args, canBeFalse: !node.args }
      case '!_': {
        const inner = this.truth(node.args)
        return { canBeTrue: inner.canBeFalse, canBeFalse: inner.canBeTrue }
      }
      case '&&': {
        const [left, right] = [this.truth(node.args[0]), this.truth(node.args[1])]
        return {
          canBeTrue: left.canBeTrue && right.canBeTrue && !this.#contradicts(node),
          canBeFalse: left.canBeFalse || right.canBeFalse,
        }
      }
      case '||': {
        const [left, right] = [this.truth(node.args[0]), this.truth(node.args[1])]
        return {
          canBeTrue: left.canBeTrue || right.canBeTrue,
          canBeFalse: left.canBeFalse && right.canBeFalse,
        }
      }
      case '>':
      case '>=':
      case '<':
      case '<=':
        return compared(node.op, this.#range(node.args[0]), this.#range(node.args[1]))
      case '==':
      case '!=':
      case '?:':
      case 'in':
      case 'call':
      case 'rcall':
      case 'id':
      case '-_':
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case 'list':
      case 'map':
      case '.':
      case '.?':
      case '[]':
      case '[?]':
        return anyTruth
    }
  }

  #range(node: CelNode): Range {
    if (this.#walked.aggregates.has(node)) return this.#aggregate(node)
    if (node.op === 'value') {
      const value = Number(node.args)
      return Number.isNaN(value) ? anyNumber : { low: value, high: value }
    }
    if (node.op === 'id') return this.#identifier(node.args)
    if (node.op === 'call') return this.#function(node.args[0], node.args[1])
    if (node.op === '-_') {
      const { low, high } = this.#range(node.args)
      return { low: -high, high: -low }
    }
    if (node.op !== '+' && node.op !== '-' && node.op !== '*') return anyNumber
    const [a, b] = [this.#range(node.args[0]), this.#range(node.args[1])]
    if (node.op === '+') return { low: a.low + b.low, high: a.high + b.high }
    if (node.op === '-') return { low: a.low - b.high, high: a.high - b.low }
    return spanned([a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => x * y)))
  }

  #identifier(name: string): Range {
    const variable = this.#walked.variables.get(name)
    if (variable?.kind === 'param') return { low: variable.value, high: variable.value }
    return this.#measurement(name)
  }

  /** Differences and offsets are declared in seconds or days, so only ages among those have a sign. */
  #measurement(name: string): Range {
    const declaration = this.#scope.measurements.get(name)
    if (declaration === undefined) return anyNumber
    const { kind, unit } = declaration
    const isAmount = unit === 'count' || unit === 'bytes' || unit === 'bits_per_second'
    return kind !== 'gauge' || isAmount ? notNegative : anyNumber
  }

  #aggregate(node: CelNode): Range {
    const [name, args] = node.op === 'call' ? node.args : ['', []]
    const [measured, window] = args
    if (name === 'count') {
      const windowMs = window?.op === 'id' ? this.#windows[window.args] : undefined
      return { low: 0, high: this.#looksIn(windowMs ?? Number.POSITIVE_INFINITY) }
    }
    if (name === 'age') return notNegative
    if (name === 'rate' || measured?.op !== 'id') return anyNumber
    return this.#measurement(measured.args)
  }

  #function(name: string, args: readonly CelNode[]): Range {
    const [a = anyNumber, b = anyNumber] = args.map((argument) => this.#range(argument))
    if (name === 'max') return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) }
    if (name === 'min') return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) }
    return name === 'abs' ? notNegative : anyNumber
  }

  /** Whether comparisons in one chain of `&&` leave no value for what they compare with constants. */
  #contradicts(node: CelNode): boolean {
    const left = new Map<string, Range & { readonly isOpen: boolean }>()
    return conjuncts(node).some((each) => {
      const limit = this.#limit(each)
      if (limit === undefined) return false
      const { text, low, high, isStrict } = limit
      const before = left.get(text) ?? { ...anyNumber, isOpen: false }
      const now = {
        low: Math.max(before.low, low),
        high: Math.min(before.high, high),
        isOpen: before.isOpen || isStrict,
      }
      left.set(text, now)
      return now.low > now.high || (now.low === now.high && now.isOpen)
    })
  }

  #limit(
    node: CelNode,
  ): (Range & { readonly text: string; readonly isStrict: boolean }) | undefined {
    if (node.op !== '>' && node.op !== '>=' && node.op !== '<' && node.op !== '<=') return undefined
    const [left, right] = node.args
    const [a, b] = [this.#range(left), this.#range(right)]
    const isLeftConstant = a.low === a.high
    if (isLeftConstant === (b.low === b.high)) return undefined
    const [term, constant] = isLeftConstant ? [right, a.low] : [left, b.low]
    // What grows by itself passes both limits, yet at different times: still never at once.
    const text = this.#source.slice(term.start, term.end).replaceAll(/\s+/gu, '')
    const isAbove = node.op.startsWith('>') !== isLeftConstant
    const isStrict = !node.op.endsWith('=')
    return isAbove
      ? { text, low: constant, high: Number.POSITIVE_INFINITY, isStrict }
      : { text, low: Number.NEGATIVE_INFINITY, high: constant, isStrict }
  }
}

function conjuncts(node: CelNode): CelNode[] {
  return node.op === '&&' ? childNodes(node).flatMap(conjuncts) : [node]
}

function compared(op: '>' | '>=' | '<' | '<=', left: Range, right: Range): Truth {
  const [great, small] = op.startsWith('>') ? [left, right] : [right, left]
  const isInclusive = op.endsWith('=')
  return {
    canBeTrue: isInclusive ? great.high >= small.low : great.high > small.low,
    canBeFalse: isInclusive ? great.low < small.high : great.low <= small.high,
  }
}

/** From the least to the greatest; 0 × ∞ tells nothing. */
function spanned(values: readonly number[]): Range {
  if (values.some(Number.isNaN)) return anyNumber
  return { low: Math.min(...values), high: Math.max(...values) }
}
