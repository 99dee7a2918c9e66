// A vitest reporter that writes what tools/test.mjs counts: vitest's own JSON leaves out why a
// test was skipped.
import { writeFileSync } from 'node:fs'

/** Writes `{ passed, failed, skipped: [{ name, reason }] }` to the file that CHANGEOVER_TEST_COUNT names. */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: [] }
    for (const module of modules) {
      // A file that could not be loaded, or a hook that threw, has no test that failed.
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
      for (const test of module.children.allTests()) this.#add(count, module, test)
    }
    const file = process.env.CHANGEOVER_TEST_COUNT
    if (file !== undefined) writeFileSync(file, JSON.stringify(count))
  }

  #add(count, module, test) {
    const result = test.result()
    if (result.state === 'passed') count.passed += 1
    else if (result.state === 'failed') count.failed += 1
    // Tests that a filter left out are nobody's business; a run that was cut short is.
    else if (result.state === 'pending') count.failed += 1
    else {
      const name = `${module.relativeModuleId}: ${test.fullName}`
      count.skipped.push({ name, reason: result.note ?? reasonIn(name) })
    }
  }
}

/** Some tests carry the condition in their name; one that says nothing at all should. */
function reasonIn(name) {
  return /skipped|not installed|missing|needs/u.test(name) ? '' : 'no reason given'
}
