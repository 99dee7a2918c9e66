import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Ids } from '../core/clock.ts'
import type { Files, FileText, FileWrite } from '../plugin/files.ts'

/** Files of this machine. */
export function realFiles({ ids }: { readonly ids: Ids }): Files {
  return { read, replace: (path, text) => replace(path, text, ids.next()) }
}

async function read(path: string, maxBytes: number): Promise<FileText> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (size > maxBytes) {
        const says = `${path} has ${size} bytes, more than the ${maxBytes} that are read`
        return { ok: false, missing: false, says }
      }
      // A pipe or a file of /proc says that its size is 0, so what is read is counted as well.
      const text = await file.readFile('utf8')
      if (Buffer.byteLength(text) <= maxBytes) return { ok: true, text }
      return { ok: false, missing: false, says: `${path} has more than ${maxBytes} bytes` }
    } finally {
      await file.close()
    }
  } catch (error) {
    return { ok: false, missing: codeOf(error) === 'ENOENT', says: sentence('read', path, error) }
  }
}

async function replace(path: string, text: string, id: string): Promise<FileWrite> {
  const beside = join(dirname(path), `.${basename(path)}.${id}`)
  try {
    const mode = await modeOf(path)
    const file = await open(beside, 'wx', mode)
    try {
      // What open() gives passes the umask; what is replaced keeps its permissions as they were.
      await file.chmod(mode)
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
    await syncFolder(dirname(path))
    return { ok: true }
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    return { ok: false, says: sentence('write', path, error) }
  }
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0o644
    throw error
  }
}

/** The new name is durable only once the folder is; some file systems do not let folders be flushed. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The rename itself took place.
  }
}

const meanings: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
}

function sentence(what: string, path: string, error: unknown): string {
  const code = codeOf(error)
  return `cannot ${what} ${path}: ${meanings[code] ?? code}`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
