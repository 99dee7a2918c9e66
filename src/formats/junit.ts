/** A test as JUnit XML reports it. */
export interface JunitCase {
  readonly name: string
  /** The file that it stands in. */
  readonly file: string
  readonly failures: readonly string[]
  /** How long it took, where that is known. */
  readonly seconds?: number
  /** Why it could not be run at all. */
  readonly error?: string
}

/** Results in the JUnit XML that CI systems read (testsuites, one testsuite per file). */
export function junitXml(cases: readonly JunitCase[]): string {
  const suites = [...Map.groupBy(cases, ({ file }) => file)].map(([file, tests]) => {
    const failed = tests.filter(({ failures }) => failures.length > 0).length
    const broken = tests.filter(({ error }) => error !== undefined).length
    const counts = `tests="${tests.length}" failures="${failed}" errors="${broken}"`
    const head = `  <testsuite name="${escaped(file)}" ${counts}>`
    return [head, ...tests.map(testCase), '  </testsuite>'].join('\n')
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase({ name, file, failures, seconds, error }: JunitCase): string {
  const time = seconds === undefined ? '' : ` time="${seconds.toFixed(3)}"`
  const head = `    <testcase name="${escaped(name)}" classname="${escaped(file)}"${time}`
  if (error !== undefined) {
    const [first = ''] = error.split('\n', 1)
    const body = `<error message="${escaped(first)}">${escaped(error)}</error>`
    return `${head}>\n      ${body}\n    </testcase>`
  }
  if (failures.length === 0) return `${head}/>`
  const [first = ''] = failures
  const body = escaped(failures.join('\n'))
  return `${head}>\n      <failure message="${escaped(first)}">${body}</failure>\n    </testcase>`
}

/** XML 1.0 has no place for most control characters, not even escaped. */
function escaped(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, ' ')
      .toWellFormed()
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  )
}
