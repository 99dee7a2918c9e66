import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'

const files = realFiles({ ids: realIds() })

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'changeover-files-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

describe('files of this machine', () => {
  it('are read as text', async () => {
    const file = join(folder(), 'upstream.conf')
    writeFileSync(file, 'server a weight=1;\n')

    expect(await files.read(file, 100)).toEqual({ ok: true, text: 'server a weight=1;\n' })
  })

  it('that are missing are told from those that cannot be read', async () => {
    const at = folder()

    expect(await files.read(join(at, 'none'), 100)).toEqual({
      ok: false,
      missing: true,
      says: `cannot read ${join(at, 'none')}: it is not there`,
    })
    expect(await files.read(at, 100_000)).toEqual({
      ok: false,
      missing: false,
      says: `cannot read ${at}: it is a folder`,
    })
  })

  it('that are larger than expected are not read', async () => {
    const file = join(folder(), 'large')
    writeFileSync(file, 'x'.repeat(101))

    expect(await files.read(file, 100)).toMatchObject({ ok: false, missing: false })
    expect(await files.read('/proc/self/status', 10)).toMatchObject({ ok: false, missing: false })
  })

  it('are replaced whole, with their permissions, and nothing is left beside them', async () => {
    const at = folder()
    const file = join(at, 'weights')
    writeFileSync(file, 'old', { mode: 0o640 })

    expect(await files.replace(file, 'new')).toEqual({ ok: true })

    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readdirSync(at)).toEqual(['weights'])
  })

  it('are made where there were none, and stay as they were where that fails', async () => {
    const at = folder()

    expect(await files.replace(join(at, 'new'), 'text')).toEqual({ ok: true })
    expect(statSync(join(at, 'new')).mode & 0o777).toBe(0o644)
    expect(await files.replace(join(at, 'no', 'such', 'folder'), 'text')).toEqual({
      ok: false,
      says: `cannot write ${join(at, 'no', 'such', 'folder')}: it is not there`,
    })
    expect(readdirSync(at)).toEqual(['new'])
  })
})
