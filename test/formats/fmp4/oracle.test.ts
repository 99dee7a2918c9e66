import { readFileSync } from 'node:fs'
import { readIsoBoxes, readMdhd, readMfhd, readTfdt, readTfhd, readTrun } from '@svta/cml-iso-bmff'
import { describe, expect, it } from 'vitest'
import { readFmp4 } from '../../../src/formats/fmp4/scanner.ts'

const readers = {
  mdhd: readMdhd,
  mfhd: readMfhd,
  tfdt: readTfdt,
  tfhd: readTfhd,
  trun: readTrun,
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/fmp4/${name}`, import.meta.url))
}

/** Every box of a type, at any depth, as the library reads it. */
function boxes(bytes: Buffer, type: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = []
  const visit = (list: Iterable<object>) => {
    for (const each of list) {
      const fields = Object.fromEntries(Object.entries(each))
      if (fields['type'] === type) found.push(fields)
      if (Array.isArray(fields['boxes'])) visit(fields['boxes'])
    }
  }
  visit(readIsoBoxes(new Uint8Array(bytes), { readers }))
  return found
}

/*
 * The library reads whole files into objects. It is no part of the product, because a box whose
 * large size is 0 keeps it busy for ever and a count of samples without bytes fills its memory.
 */
describe('another reader of boxes', () => {
  it.each(
    ['V300', 'A48', 'imsc1_txt_sv'].flatMap((name) =>
      [1, 2, 3, 4].map((nth) => [name, nth] as const),
    ),
  )('agrees on %s/%d.m4s', (name, nth) => {
    const init = fixture(`${name}/init.mp4`)
    const bytes = fixture(`${name}/${nth}.m4s`)
    const report = readFmp4(bytes, readFmp4(init).init)

    const sequences = boxes(bytes, 'mfhd').map((each) => each['sequenceNumber'])
    const [start] = boxes(bytes, 'tfdt').map((each) => each['baseMediaDecodeTime'])
    const [timescale] = boxes(init, 'mdhd').map((each) => each['timescale'])
    const samples = boxes(bytes, 'trun').map((each) => each['sampleCount'])

    expect(report.firstSequence).toBe(sequences[0])
    expect(report.lastSequence).toBe(sequences.at(-1))
    expect(report.fragments).toBe(sequences.length)
    expect(report.tracks[0]?.start).toBe(start)
    expect(report.tracks[0]?.samples).toBe(
      samples.reduce<number>((sum, each) => sum + Number(each), 0),
    )
    expect(readFmp4(init).init?.tracks[0]?.timescale).toBe(timescale)
  })
})
