import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

const fileName = /^recording-(\d{6,})\.jsonl$/u

/** The file of a number: files are read in the order of their numbers, whatever the wall clock did. */
export function recordingFile(directory: string, number: number): string {
  return join(directory, `recording-${String(number).padStart(6, '0')}.jsonl`)
}

/** The numbers of the recordings in a folder, ascending. Rejects where it cannot be read. */
export async function recordingNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names
    .flatMap((name) => fileName.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

/** Removes the oldest files of a folder until `keep` are left. */
export async function removeOldest(directory: string, keep: number): Promise<void> {
  const numbers = await recordingNumbers(directory)
  for (const number of numbers.slice(0, Math.max(0, numbers.length - keep))) {
    await unlink(recordingFile(directory, number))
  }
}

/** The files of a recording in the order of writing: one file, or all of a folder. */
export async function filesOfRecording(place: string): Promise<string[]> {
  if (!(await stat(place)).isDirectory()) return [place]
  return (await recordingNumbers(place)).map((number) => recordingFile(place, number))
}
