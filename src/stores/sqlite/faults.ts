/** Primary result codes, https://www.sqlite.org/rescode.html; the low byte of an extended code. */
const sentences: Readonly<Record<number, string>> = {
  3: 'access to it is denied',
  5: 'another process holds its lock',
  6: 'another connection holds its lock',
  7: 'memory ran out',
  8: 'it is read-only',
  10: 'the disk reports an error',
  11: 'its content is damaged',
  13: 'the disk is full',
  14: 'the file cannot be opened',
  19: 'its content contradicts itself',
  22: 'the file is too large for this system',
  26: 'the file is not a Changeover store',
}

/** Why SQLite could not serve a call. */
export interface StoreFault {
  /** Completes "the store <file> is unavailable: …". */
  readonly says: string
  /** A lock that will be given back: waiting helps. */
  readonly busy: boolean
  readonly damaged: boolean
}

/** What a thrown value says about the store, or `undefined` for a mistake of ours. */
export function storeFault(error: unknown): StoreFault | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && error.code === 'ERR_INVALID_STATE') return closed
  if (error.message === 'driver has already been destroyed') return closed
  if (!('errcode' in error) || typeof error.errcode !== 'number') return undefined
  const code = error.errcode & 0xff
  const says = sentences[code]
  if (says === undefined) return undefined
  return { says, busy: code === 5 || code === 6, damaged: code === 11 || code === 26 }
}

const closed: StoreFault = { says: 'it was closed', busy: false, damaged: false }
