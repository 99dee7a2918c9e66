import { array, assert, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LastJpeg } from '../../../src/formats/picture/last-jpeg.ts'

const image = (body: string) => Buffer.from(`ffd8ff${body}ffd9`, 'hex')

function after(chunks: readonly Buffer[], most = 64): string | undefined {
  const images = new LastJpeg(most)
  for (const chunk of chunks) images.push(chunk)
  return images.image?.toString('hex')
}

describe('the newest of a row of images', () => {
  it('is the last one that is whole', () => {
    const row = Buffer.concat([image('01'), image('02'), Buffer.from('ffd8ff03', 'hex')])

    expect(after([row])).toBe(image('02').toString('hex'))
  })

  it('is none before one is whole', () => {
    expect(after([])).toBeUndefined()
    expect(after([Buffer.from('ffd8ff0102', 'hex')])).toBeUndefined()
    expect(after([Buffer.from('no image at all')])).toBeUndefined()
  })

  it('is the same however the bytes are cut', () => {
    const row = Buffer.concat([image('01'.repeat(5)), image('ff00'), image('03ff')])
    assert(
      property(array(nat({ max: row.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), row.length]
        const chunks = at.slice(1).map((to, nth) => row.subarray(at[nth], to))

        expect(after(chunks)).toBe(image('03ff').toString('hex'))
      }),
    )
  })

  it('passes over one that is too large, and takes the next', () => {
    const large = image('55'.repeat(200))
    const chunks = [large.subarray(0, 50), large.subarray(50, 120), large.subarray(120)]

    expect(after([image('01'), ...chunks])).toBe(image('01').toString('hex'))
    expect(after([...chunks, image('02')])).toBe(image('02').toString('hex'))
    expect(after([large, image('02')])).toBe(image('02').toString('hex'))
  })
})
