import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { operatorToken } from '../../src/composition/operator-token.ts'
import { folderWith } from './folder.ts'

function beside() {
  const folder = folderWith()
  const store = join(folder, 'changeover.db')
  const file = join(folder, 'changeover.token')
  const mode = () => statSync(file).mode & 0o777
  return { store, file, mode }
}

it('is made beside the store at first start, readable by its owner alone', () => {
  const { store, file, mode } = beside()

  const made = operatorToken(store)

  expect(made?.file).toBe(file)
  expect(made?.token).toMatch(/^[\w-]{32}$/u)
  expect(readFileSync(file, 'utf8')).toBe(`${made?.token}\n`)
  expect(mode()).toBe(0o600)
})

it('is the same at the next start, and another one elsewhere', () => {
  const { store } = beside()
  const made = operatorToken(store)

  expect(operatorToken(store)).toEqual(made)
  expect(operatorToken(beside().store)?.token).not.toBe(made?.token)
})

it.each([
  ['is empty', ''],
  ['is too short to be one', 'short\n'],
])('is made anew where the file %s, whatever its mode was', (_, text) => {
  const { store, file, mode } = beside()
  writeFileSync(file, text)
  chmodSync(file, 0o644)

  const made = operatorToken(store)

  expect(made?.token).toHaveLength(32)
  expect(readFileSync(file, 'utf8').trim()).toBe(made?.token)
  expect(mode()).toBe(0o600)
})

it.each([0o644, 0o640, 0o606])(
  'is made anew where others could read the old one (mode %o)',
  (permissions) => {
    const { store, file, mode } = beside()
    const exposed = operatorToken(store)
    chmodSync(file, permissions)

    const made = operatorToken(store)

    expect(made?.token).not.toBe(exposed?.token)
    expect(mode()).toBe(0o600)
  },
)

it('is none where there is no folder to write to', () => {
  const { store } = beside()
  const nowhere = join(store, 'missing', 'changeover.db')

  expect(operatorToken(nowhere)).toBeUndefined()
  expect(existsSync(join(store, 'missing'))).toBe(false)
})
