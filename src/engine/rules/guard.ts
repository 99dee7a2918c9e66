import { nearest } from '../../core/nearest.ts'
import { limits } from './cel.ts'
import type { CelNode } from './cel.ts'
import { aggregateNames, othersNames, textNames } from './scope.ts'
import type {
  AggregateName,
  AggregateReference,
  OthersReference,
  RuleScope,
  TextName,
} from './scope.ts'

/** Something that an expression must not contain, at an offset of its source. */
export interface GuardFault {
  readonly offset: number
  readonly message: string
  readonly nearest?: string
}

/** A stretch of the source that is written differently before the library checks it. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What a walk over the syntax tree found. */
export interface Walked {
  readonly faults: readonly GuardFault[]
  /** Whole numbers become doubles and aggregates become variables. Ordered, never overlapping. */
  readonly edits: readonly Edit[]
  /** Measurements, also those inside aggregates, in order of appearance. */
  readonly needs: ReadonlySet<string>
  /** Variables of the edited source with their slot, by name. */
  readonly variables: ReadonlyMap<string, Variable>
  readonly aggregates: ReadonlyMap<CelNode, number>
  /** What is asked of the other paths of the group, with its slot. */
  readonly others: ReadonlyMap<CelNode, number>
}

export type Variable =
  | { readonly kind: 'value'; readonly slot: number; readonly grows: boolean }
  | { readonly kind: 'aggregate'; readonly slot: number }
  | { readonly kind: 'text'; readonly name: TextName }
  | { readonly kind: 'param'; readonly value: number }
  | { readonly kind: 'others'; readonly slot: number }

/** What an expression may name. */
export interface GuardNames {
  readonly scope: RuleScope
  readonly windows: Readonly<Record<string, number>>
  readonly params?: Readonly<Record<string, number>>
}

const plainFunctions = ['max', 'min', 'abs', 'glob', 'size'] as const
const methods = ['startsWith', 'endsWith', 'contains', 'size'] as const
const comprehensions = ['all', 'exists', 'exists_one', 'filter', 'map'] as const
const callable: readonly string[] = [...plainFunctions, ...aggregateNames]
const maxNesting = 2
/** Stands for the other paths of the group. */
export const othersWord = 'others'

/**
 * Walks a syntax tree: resolves every name, and refuses what rules must not contain (`matches`
 * with its catastrophic regular expressions, deep nesting, comprehensions nested more than twice,
 * maps, selections, and every function that is not on the list).
 */
export function walk(ast: CelNode, names: GuardNames): Walked {
  const walker = new Walker(names)
  walker.visit(ast, 1, [])
  return {
    faults: walker.faults.toSorted((a, b) => a.offset - b.offset),
    edits: walker.edits.toSorted((a, b) => a.start - b.start),
    needs: walker.needs,
    variables: walker.variables,
    aggregates: walker.aggregates,
    others: walker.others,
  }
}

class Walker {
  readonly faults: GuardFault[] = []
  readonly edits: Edit[] = []
  readonly needs = new Set<string>()
  readonly variables = new Map<string, Variable>()
  readonly aggregates = new Map<CelNode, number>()
  readonly others = new Map<CelNode, number>()
  readonly #scope: RuleScope
  readonly #windows: Readonly<Record<string, number>>
  readonly #params: Readonly<Record<string, number>>
  #tooDeep = false

  constructor({ scope, windows, params = {} }: GuardNames) {
    this.#scope = scope
    this.#windows = windows
    this.#params = params
  }

  /** `bound`: variables of the comprehensions around the node, the innermost last. */
  visit(node: CelNode, depth: number, bound: readonly string[]): void {
    if (depth > limits.depth) {
      if (!this.#tooDeep) this.#refuse(node, `nested deeper than ${limits.depth} levels`)
      this.#tooDeep = true
      return
    }
    switch (node.op) {
      case 'value':
        return this.#literal(node, node.args)
      case 'id':
        return this.#identifier(node, node.args, bound)
      case 'call':
        return this.#call(node, node.args[0], node.args[1], depth, bound)
      case 'rcall':
        return this.#method(node, node.args, depth, bound)
      case '!_':
      case '-_':
        return this.visit(node.args, depth + 1, bound)
      case '.':
      case '.?':
      case '[]':
      case '[?]':
      case 'map':
        return this.#refuse(node, 'rules have numbers and texts only: no fields, indexes or maps')
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '>':
      case '>=':
      case '<':
      case '<=':
      case '==':
      case '!=':
      case 'in':
      case '&&':
      case '||':
      case '?:':
      case 'list':
        for (const child of node.args) this.visit(child, depth + 1, bound)
    }
  }

  #refuse(node: CelNode, message: string, guess?: string): void {
    const fault = { offset: node.start, message }
    this.faults.push(guess === undefined ? fault : { ...fault, nearest: guess })
  }

  #literal(node: CelNode, value: unknown): void {
    if (typeof value === 'bigint') {
      this.edits.push({ start: node.start, end: node.end, text: `${value}.0` })
    }
  }

  #identifier(node: CelNode, name: string, bound: readonly string[]): void {
    if (bound.includes(name)) return
    const declaration = this.#scope.measurements.get(name)
    const value = Object.hasOwn(this.#params, name) ? this.#params[name] : undefined
    if (value !== undefined) {
      this.variables.set(name, { kind: 'param', value })
    } else if (declaration !== undefined) {
      this.needs.add(name)
      const slot = this.#scope.slot(name)
      this.variables.set(name, { kind: 'value', slot, grows: declaration.kind === 'age' })
    } else if (isTextName(name)) {
      this.variables.set(name, { kind: 'text', name })
    } else if (Object.hasOwn(this.#windows, name)) {
      this.#refuse(
        node,
        `"${name}" is a window; it goes second into an aggregate, as in mean(x, ${name})`,
      )
    } else {
      const params = Object.keys(this.#params)
      const known = [...this.#scope.measurements.keys(), ...params, ...textNames, ...bound]
      this.#refuse(node, `unknown measurement "${name}"`, nearest(name, known))
    }
  }

  #call(
    node: CelNode,
    name: string,
    args: readonly CelNode[],
    depth: number,
    bound: readonly string[],
  ): void {
    if (isAggregate(name, args, this.#windows)) return this.#aggregate(node, name, args)
    if (!(plainFunctions as readonly string[]).includes(name)) {
      return this.#refuse(node, `unknown function "${name}"`, nearest(name, callable))
    }
    for (const argument of args) this.visit(argument, depth + 1, bound)
  }

  #aggregate(node: CelNode, name: AggregateName, args: readonly CelNode[]): void {
    const [first, second] = args
    if (args.length !== 2 || first?.op !== 'id' || second?.op !== 'id') {
      return this.#refuse(node, `${name} takes a measurement and a window, as in ${name}(x, slow)`)
    }
    const measurement = first.args
    const windowMs = Object.hasOwn(this.#windows, second.args)
      ? this.#windows[second.args]
      : undefined
    if (!this.#scope.measurements.has(measurement)) {
      const guess = nearest(measurement, this.#scope.measurements.keys())
      this.#refuse(first, `unknown measurement "${measurement}"`, guess)
    }
    if (windowMs === undefined) {
      const guess = nearest(second.args, Object.keys(this.#windows))
      this.#refuse(second, `unknown window "${second.args}"`, guess)
    }
    if (!this.#scope.measurements.has(measurement) || windowMs === undefined) return
    this.#useAggregate(node, { name, measurement, windowMs })
  }

  #useAggregate(node: CelNode, reference: AggregateReference): void {
    const slot = this.#scope.aggregateSlot(reference)
    const variable = variableOf(slot)
    this.needs.add(reference.measurement)
    this.aggregates.set(node, slot)
    this.variables.set(variable, { kind: 'aggregate', slot })
    this.edits.push({ start: node.start, end: node.end, text: variable })
  }

  #method(
    node: CelNode,
    [name, receiver, args]: readonly [string, CelNode, readonly CelNode[]],
    depth: number,
    bound: readonly string[],
  ): void {
    if (receiver.op === 'id' && receiver.args === othersWord) {
      return this.#askOthers(node, name, args)
    }
    if (name === 'matches') {
      this.#refuse(
        node,
        'matches() is refused: a regular expression can take for ever; use glob(text, "pattern*")',
      )
      return
    }
    const repeats = (comprehensions as readonly string[]).includes(name)
    if (!repeats && !(methods as readonly string[]).includes(name)) {
      const known = [...comprehensions, ...methods]
      return this.#refuse(node, `unknown function "${name}"`, nearest(name, known))
    }
    this.visit(receiver, depth + 1, bound)
    if (!repeats) {
      for (const argument of args) this.visit(argument, depth + 1, bound)
      return
    }
    const [variable, ...bodies] = args
    if (variable?.op !== 'id') return this.#refuse(node, `${name}() needs a variable first`)
    if (bound.length >= maxNesting) {
      return this.#refuse(node, `comprehensions nest at most ${maxNesting} deep`)
    }
    if (this.#isTaken(variable.args) || bound.includes(variable.args)) {
      return this.#refuse(
        variable,
        `"${variable.args}" has a meaning already; name the variable otherwise`,
      )
    }
    for (const body of bodies) this.visit(body, depth + 1, [...bound, variable.args])
  }

  /** `others.max(x)` and `others.max(p50(x, slow))`: one number of the other paths of the group. */
  #askOthers(node: CelNode, name: string, args: readonly CelNode[]): void {
    const known = othersNames.find((each) => each === name)
    if (known === undefined) {
      const message = `others knows ${othersNames.join(', ')}, not "${name}"`
      return this.#refuse(node, message, nearest(name, othersNames))
    }
    const [asked] = args
    if (args.length !== 1 || (asked?.op !== 'id' && asked?.op !== 'call')) {
      const example = `others.${known}(x) or others.${known}(p50(x, slow))`
      return this.#refuse(node, `others takes a measurement or an aggregate, as in ${example}`)
    }
    if (asked.op === 'id') {
      const measurement = asked.args
      if (this.#scope.measurements.has(measurement)) {
        this.needs.add(measurement)
        return this.#useOthers(node, { name: known, measurement })
      }
      const guess = nearest(measurement, this.#scope.measurements.keys())
      return this.#refuse(asked, `unknown measurement "${measurement}"`, guess)
    }
    const [aggregate, inner] = asked.args
    if (!isAggregate(aggregate, inner, this.#windows)) {
      const guess = nearest(aggregate, aggregateNames)
      return this.#refuse(asked, `"${aggregate}" is no aggregate over a window`, guess)
    }
    const before = this.edits.length
    const inUse = new Set(this.variables.keys())
    this.#aggregate(asked, aggregate, inner)
    const slot = this.aggregates.get(asked)
    if (slot === undefined) return
    // The whole call becomes one variable; what stands in it is not written any more.
    this.edits.length = before
    if (!inUse.has(variableOf(slot))) this.variables.delete(variableOf(slot))
    const { measurement } = this.#scope.aggregates[slot] ?? { measurement: '' }
    this.#useOthers(node, { name: known, measurement, aggregate: slot })
  }

  #useOthers(node: CelNode, reference: OthersReference): void {
    const slot = this.#scope.othersSlot(reference)
    const variable = `others_value_${slot}`
    this.others.set(node, slot)
    this.variables.set(variable, { kind: 'others', slot })
    this.edits.push({ start: node.start, end: node.end, text: variable })
  }

  #isTaken(name: string): boolean {
    return (
      name === othersWord ||
      this.#scope.measurements.has(name) ||
      isTextName(name) ||
      Object.hasOwn(this.#windows, name) ||
      Object.hasOwn(this.#params, name)
    )
  }
}

function variableOf(slot: number): string {
  return `window_aggregate_${slot}`
}

/** `max` and `min` are aggregates where their second argument names a window. */
function isAggregate(
  name: string,
  args: readonly CelNode[],
  windows: Readonly<Record<string, number>>,
): name is AggregateName {
  if (!(aggregateNames as readonly string[]).includes(name)) return false
  if (name !== 'max' && name !== 'min') return true
  const second = args[1]
  return second?.op === 'id' && Object.hasOwn(windows, second.args)
}

function isTextName(name: string): name is TextName {
  return (textNames as readonly string[]).includes(name)
}

/** The source with its edits made. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  let text = ''
  let from = 0
  for (const edit of edits) {
    text += source.slice(from, edit.start) + edit.text
    from = edit.end
  }
  return text + source.slice(from)
}

/** The offset in the source of an offset in the edited source. */
export function originalOffset(offset: number, edits: readonly Edit[]): number {
  let shift = 0
  for (const edit of edits) {
    const start = edit.start + shift
    if (offset < start) break
    const end = start + edit.text.length
    if (offset < end) return edit.start
    shift += edit.text.length - (edit.end - edit.start)
  }
  return offset - shift
}
