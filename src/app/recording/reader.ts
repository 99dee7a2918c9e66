import { createReadStream } from 'node:fs'
import { ChangeoverError } from '../../core/errors.ts'
import { filesOfRecording } from './recording-files.ts'
import { parseLine, type RecordedLine } from './recording-format.ts'

/** A line with where it stands, for messages: `recording-000001.jsonl:17`. */
export interface PlacedLine {
  readonly line: RecordedLine
  readonly place: string
}

/** What was found besides the lines. */
export interface ReadingNotes {
  files: number
  /** Files whose last line was cut off, as a crash leaves it. */
  torn: number
}

const maxLineChars = 1_024 * 1_024

/**
 * Reads a recording, one file or a folder of them, line by line in constant memory. A last line
 * without its line break is left out where it is no whole line: a crash or a full disk leaves such.
 * Anything else that is wrong rejects with a `ChangeoverError` that names file and line.
 */
export async function* readRecording(
  place: string,
  notes: ReadingNotes,
): AsyncIterable<PlacedLine> {
  const files = await filesOf(place)
  for (const file of files) {
    notes.files += 1
    let number = 0
    for await (const { text, isWhole } of linesOf(file)) {
      number += 1
      const at = `${file}:${number}`
      const parsed = parseLine(text)
      if (!parsed.ok) {
        if (isWhole)
          throw invalid(at, number === 1 ? `no header of a recording: ${parsed.says}` : parsed.says)
        notes.torn += 1
        break
      }
      if (number === 1 && parsed.line.kind !== 'header') {
        throw invalid(at, 'a recording begins with its header')
      }
      yield { line: parsed.line, place: at }
    }
  }
}

/** An error at a place of a recording. */
export function invalid(place: string, says: string): ChangeoverError {
  return new ChangeoverError('USAGE', `${place}: ${says}.`, {
    todo: 'Name a file or folder that a watchdog with `recording.directory` wrote; remove a damaged file.',
  })
}

async function filesOf(place: string): Promise<string[]> {
  try {
    const files = await filesOfRecording(place)
    if (files.length > 0) return files
  } catch (error) {
    throw unreadable(place, error)
  }
  throw invalid(place, 'this folder has no recording-*.jsonl in it')
}

async function* linesOf(
  file: string,
): AsyncIterable<{ readonly text: string; readonly isWhole: boolean }> {
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: 256 * 1_024 })
  let rest = ''
  let count = 0
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) {
        count += 1
        yield { text, isWhole: true }
      }
      if (rest.length > maxLineChars) throw invalid(`${file}:${count + 1}`, 'this line is too long')
    }
  } catch (error) {
    throw error instanceof ChangeoverError ? error : unreadable(file, error)
  }
  if (rest !== '') yield { text: rest, isWhole: false }
}

function unreadable(place: string, error: unknown): ChangeoverError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  const says = code === 'ENOENT' ? `There is no ${place}.` : `${place} cannot be read (${code}).`
  return new ChangeoverError('USAGE', says, {
    todo: 'Name a file or folder that a watchdog with `recording.directory` wrote.',
  })
}
