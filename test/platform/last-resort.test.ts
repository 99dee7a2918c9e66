import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const module = new URL('../../src/platform/last-resort.ts', import.meta.url).href

test.each([
  ['a rejection that nobody awaits', "void Promise.reject(new Error('lost'))"],
  ['an exception that nobody catches', "setTimeout(() => { throw new Error('lost') })"],
])('%s ends the process with one line and code 70', (_, defect) => {
  const script = `
    const { onDefect } = await import(${JSON.stringify(module)})
    onDefect((says) => process.stderr.write(says + '\\n'))
    ${defect}
    await new Promise((resolve) => setTimeout(resolve, 5000))`

  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })

  expect(ended.status).toBe(70)
  expect(ended.stderr.trim()).toBe('lost')
})
