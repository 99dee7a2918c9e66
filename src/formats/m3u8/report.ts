import type { Diagnosis } from '../../core/diagnosis.ts'
import type { Finding } from '../../core/sample.ts'

/** Findings of one code beyond these are only counted, so that a hostile playlist stays small. */
const keptPerCode = 3
const keptCodes = 60

/** Collects findings with a bound on their number. */
export class Report {
  readonly #findings: Finding[] = []
  readonly #counts = new Map<string, number>()

  /** Adds a finding; `says` is one sentence without any query value or credential. */
  add(
    severity: Finding['severity'],
    code: string,
    says: string,
    line?: number,
    diagnosis: Diagnosis = 'spec-violation',
  ): void {
    const count = (this.#counts.get(code) ?? 0) + 1
    if (count === 1 && this.#counts.size >= keptCodes) return
    this.#counts.set(code, count)
    if (count > keptPerCode) return
    const finding = { code, diagnosis, severity, says }
    this.#findings.push(line === undefined ? finding : { ...finding, line })
  }

  /** The findings in the order of their discovery, each code with how many more there are. */
  finish(): readonly Finding[] {
    for (const [code, count] of this.#counts) {
      if (count <= keptPerCode) continue
      const last = this.#findings.findLastIndex((finding) => finding.code === code)
      const finding = this.#findings[last]
      if (finding === undefined) continue
      this.#findings[last] = {
        ...finding,
        says: `${finding.says} (and ${count - keptPerCode} more)`,
      }
    }
    return this.#findings
  }
}

/** A value from a playlist as it may stand in a sentence: short, quoted, without control characters. */
export function quoteValue(text: string): string {
  return JSON.stringify(text.length > 24 ? `${text.slice(0, 24)}…` : text)
}

/** Seconds as they stand in a sentence: to the millisecond, without trailing zeros. */
export function seconds(value: number): string {
  return String(Math.round(value * 1_000) / 1_000)
}
