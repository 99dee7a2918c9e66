/** What vitest's JSON reporter writes, as far as it is read here. */
export interface TestReport {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

export interface Verdict {
  /** Tests that an assertion failed: the only thing that counts as noticing. */
  readonly noticed: readonly string[]
  /** Tests that ran out of time, which a busy machine does as well as a mutation. */
  readonly late: readonly string[]
  /** Files that did not even load: the mutation is no program, and proves nothing. */
  readonly broken: readonly string[]
}

/** Tells failures that say something of the source from those that say something of the machine. */
export function verdictOf(report: TestReport): Verdict {
  const noticed: string[] = []
  const late: string[] = []
  const broken: string[] = []
  for (const { message, assertionResults } of report.testResults) {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    for (const { fullName, failureMessages = [] } of failed) {
      const isLate = failureMessages.length > 0 && failureMessages.every(isTimeOut)
      ;(isLate ? late : noticed).push(fullName)
    }
    if (failed.length > 0 || message === '') continue
    // A file fails as a whole by what it does before its first test, or because it cannot be read.
    const list = isTimeOut(message) ? late : isAssertion(message) ? noticed : broken
    list.push(message.split('\n', 1)[0] ?? '')
  }
  return { noticed, late, broken }
}

/** Of the tests that noticed a mutation the one that notices the fewest: it says most about the line. */
export function mostSpecific(
  noticed: readonly string[],
  all: readonly (readonly string[])[],
): string | undefined {
  const count = (test: string) => all.filter((each) => each.includes(test)).length
  return noticed.toSorted((a, b) => count(a) - count(b))[0]
}

function isTimeOut(message: string): boolean {
  return /timed out in \d+\s*ms|timed out after \d+\s*ms/iu.test(message)
}

function isAssertion(message: string): boolean {
  return /^(?:AssertionError|expected )|: expected /u.test(message)
}
