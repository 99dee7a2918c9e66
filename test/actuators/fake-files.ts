import type { Files } from '../../src/plugin/files.ts'

/** Files of a machine in memory, by path; `broken` fails every read or write with its sentence. */
export function fakeFiles(texts: Record<string, string>) {
  const state = { texts, cannotRead: '', cannotWrite: '', writes: [] as string[] }
  const files: Files = {
    read: async (path) => {
      if (state.cannotRead !== '') return { ok: false, missing: false, says: state.cannotRead }
      const text = state.texts[path]
      if (text !== undefined) return { ok: true, text }
      return { ok: false, missing: true, says: `cannot read ${path}: it is not there` }
    },
    replace: async (path, text) => {
      if (state.cannotWrite !== '') return { ok: false, says: state.cannotWrite }
      state.texts[path] = text
      state.writes.push(path)
      return { ok: true }
    },
  }
  return { state, files }
}
