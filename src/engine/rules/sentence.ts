import type { MeasurementDeclaration } from '../../core/sample.ts'
import { compileNumber } from './expression.ts'
import type { ExpressionError, ExpressionScope, NumberExpression } from './expression.ts'
import type { Frame } from './scope.ts'

/** A sentence with values in it. */
export interface Sentence {
  /** Slots of the aggregates that it reads. */
  readonly aggregates: readonly number[]
  readonly needs: readonly string[]
  /** Slots of what it asks of the other paths of the group. */
  readonly others: readonly number[]
  /** The sentence with the frame's values; `?` stands for what is absent. */
  readonly fill: (frame: Frame) => string
}

export type CompiledSentence =
  | { readonly ok: true; readonly sentence: Sentence }
  | { readonly ok: false; readonly errors: readonly ExpressionError[] }

type Unit = MeasurementDeclaration['unit']

interface Part {
  readonly before: string
  readonly expression: NumberExpression
  readonly format: (value: number) => string
}

const placeholder = /\{([^{}]*)\}/gu

/**
 * Compiles `no new segment for {playlist_age_seconds}s`. Between braces stands a measurement, an
 * aggregate or arithmetic over them. Values are written for people: seconds with one decimal,
 * bit rates in kbit/s or Mbit/s, ratios in percent.
 */
export function compileSentence(template: string, names: ExpressionScope): CompiledSentence {
  const parts: Part[] = []
  const errors: ExpressionError[] = []
  let from = 0
  for (const match of template.matchAll(placeholder)) {
    const source = match[1] ?? ''
    const compiled = compileNumber(source, names)
    if (!compiled.ok) {
      errors.push(...compiled.errors.map((error) => shift(error, template, match.index + 1)))
      continue
    }
    const end = match.index + match[0].length
    const unit = unitOf(source, compiled.expression, names)
    const hasUnit = /^s(?![a-z])/iu.test(template.slice(end))
    const before = template.slice(from, match.index)
    parts.push({ before, expression: compiled.expression, format: formatter(unit, hasUnit) })
    from = end
  }
  if (errors.length > 0) return { ok: false, errors }
  const rest = template.slice(from)
  const aggregates = [...new Set(parts.flatMap((part) => part.expression.aggregates))]
  const needs = [...new Set(parts.flatMap((part) => part.expression.needs))]
  const others = [...new Set(parts.flatMap((part) => part.expression.others))]
  const sentence = { aggregates, needs, others, fill: (frame: Frame) => fill(parts, rest, frame) }
  return { ok: true, sentence }
}

function fill(parts: readonly Part[], rest: string, frame: Frame): string {
  let text = ''
  for (const part of parts) {
    const value = part.expression.evaluate(frame)
    text += part.before + (Number.isFinite(value) ? part.format(value) : '?')
  }
  return text + rest
}

/** The place of an error of a placeholder in the whole template. */
function shift(error: ExpressionError, template: string, offset: number): ExpressionError {
  const before = template.slice(0, offset).split('\n')
  const column = (before.at(-1)?.length ?? 0) + error.column
  return error.line === 1
    ? { ...error, line: before.length, column }
    : { ...error, line: before.length + error.line - 1 }
}

/** The unit that everything in an expression shares; none once a count, rate or quotient is in it. */
function unitOf(
  source: string,
  expression: NumberExpression,
  names: ExpressionScope,
): Unit | undefined {
  const units = new Set(expression.needs.map((name) => names.scope.measurements.get(name)?.unit))
  if (units.size !== 1 || /\/|\b(?:count|rate)\(/u.test(source)) return undefined
  if (/\bage\(/u.test(source)) return 'seconds'
  return [...units][0]
}

/** `bare`: the template writes the `s` of seconds itself. */
function formatter(unit: Unit | undefined, bare: boolean): (value: number) => string {
  switch (unit) {
    case 'seconds':
      return bare ? (value) => value.toFixed(1) : (value) => `${value.toFixed(1)} s`
    case 'bits_per_second':
      return formatBitrate
    case 'ratio':
      return (value) => `${plain(value * 100)} %`
    case 'bytes':
      return formatBytes
    case 'days':
    case 'count':
    case undefined:
      return plain
  }
}

function formatBitrate(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e9) return `${(value / 1e9).toFixed(2)} Gbit/s`
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} Mbit/s`
  return `${(value / 1e3).toFixed(0)} kbit/s`
}

function formatBytes(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)} MB`
  return size >= 1e3 ? `${(value / 1e3).toFixed(0)} kB` : `${plain(value)} B`
}

/** At most two decimals, none where it is whole. */
function plain(value: number): string {
  return String(Math.round(value * 100) / 100)
}
