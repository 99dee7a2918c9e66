import type { JournalEntry } from '../core/journal.ts'
import type { Io } from './io.ts'
import { painter, type Tone } from './paint.ts'
import { textTable } from './text-table.ts'
import { stamp } from './times.ts'

const tones: Readonly<Partial<Record<JournalEntry['kind'], Tone>>> = {
  applied: 'strong',
  verified: 'good',
  'verify-failed': 'bad',
  effective: 'good',
  'rolled-back': 'bad',
  aborted: 'warn',
  frozen: 'bad',
  'foreign-edit': 'warn',
}

/** Entries one below the other, in the order given: when, number, kind, where, who and what. */
export function journalText(entries: readonly JournalEntry[], io: Io, indent = 0): string {
  const paint = painter(io)
  const rows = entries.map((entry) => {
    const where = [entry.group, entry.path].filter((part) => part !== undefined).join('/')
    const who = entry.actor === undefined ? '' : `${entry.actor}: `
    return [
      paint('quiet', stamp(entry.at)),
      paint('quiet', String(entry.seq)),
      paint(tones[entry.kind] ?? 'key', entry.kind),
      where === '' ? '–' : where,
      `${who}${entry.says}`,
    ]
  })
  return textTable(rows, { width: io.width, indent })
}
