import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAmf0 } from '../../../src/formats/amf0/decode.ts'
import { amf0Object, encodeAmf0 } from '../../../src/formats/amf0/encode.ts'
import { property, type Amf0Value } from '../../../src/formats/amf0/value.ts'
import { seeds } from '../rtmp/seeds.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const { value } = fc.letrec<{ value: Amf0Value; properties: ReadonlyMap<string, Amf0Value> }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.double({ noNaN: true }),
      fc.boolean(),
      text,
      fc.constant(null),
      fc.constant(undefined),
      fc.record({ type: fc.constant('date' as const), ms: fc.double({ noNaN: true }) }),
      fc.record({ type: fc.constant('reference' as const), index: fc.nat(0xffff) }),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.record({
        type: fc.constantFrom('object' as const, 'ecma-array' as const),
        properties: tie('properties'),
      }),
      fc.record({
        type: fc.constant('typed-object' as const),
        name: text,
        properties: tie('properties'),
      }),
    ),
    // An empty name followed by the marker 9 would end an object early; the format has no way out.
    properties: fc
      .array(
        fc.tuple(
          text.filter((name) => name !== ''),
          tie('value'),
        ),
        { maxLength: 5 },
      )
      .map((entries) => new Map(entries)),
  }),
)

describe('AMF0', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (values) => {
        expect(decodeAmf0(encodeAmf0(values))).toEqual({ values })
      }),
    )
  })

  it('reads a connect command as FFmpeg sends it', () => {
    const bytes = Buffer.from(
      '020007636f6e6e656374003ff00000000000000300036170700200046c6976650008666c61736856657202000c4c6e782039302c302c302c30000009',
      'hex',
    )

    const { values, problem } = decodeAmf0(bytes)

    expect(problem).toBeUndefined()
    expect(values.slice(0, 2)).toEqual(['connect', 1])
    expect(property(values[2], 'app')).toBe('live')
    expect(property(values[2], 'nothing')).toBeUndefined()
    expect(property('text', 'length')).toBeUndefined()
  })

  it('writes long strings with the long marker', () => {
    const long = 'x'.repeat(70_000)

    expect(encodeAmf0([long])[0]).toBe(0x0c)
    expect(decodeAmf0(encodeAmf0([long])).values).toEqual([long])
    expect(() => encodeAmf0([amf0Object({ [long]: 1 })])).toThrow(RangeError)
  })

  it('takes no meaning from property names', () => {
    const { values } = decodeAmf0(encodeAmf0([amf0Object({ ['__proto__']: 1, toString: 2 })]))

    expect(property(values[0], 'toString')).toBe(2)
    expect(property(values[0], 'hasOwnProperty')).toBeUndefined()
  })

  it('passes over the count of an ECMA array, which encoders get wrong', () => {
    const bytes = encodeAmf0([
      { type: 'ecma-array', properties: new Map<string, Amf0Value>([['width', 640]]) },
    ])
    bytes.writeUInt32BE(0xffffffff, 1)

    expect(property(decodeAmf0(bytes).values[0], 'width')).toBe(640)
  })

  it.each([
    ['ends inside a number', '0040', 'the message ends inside a value'],
    ['ends inside a string', '02000561', 'the message ends inside a value'],
    ['ends inside an object', '030001', 'the message ends inside a value'],
    ['has a marker that nobody knows', '11', 'the type marker 0x11 is unknown'],
    ['announces a huge array', '0affffffff', 'an array is longer than the message'],
    ['nests for ever', '0a00000001'.repeat(30) + '05', 'nested deeper than 16 levels'],
    ['has very many values', '05'.repeat(5_000), 'more than 4096 values'],
  ])('says what is wrong where the message %s, and keeps what came before', (_, hex, problem) => {
    const decoded = decodeAmf0(Buffer.concat([encodeAmf0([7]), Buffer.from(hex, 'hex')]))

    expect(decoded.problem).toBe(problem)
    expect(decoded.values[0]).toBe(7)
  })

  it.each(seeds('amf0/'))('survives the fuzz seed %s', (_, bytes) => {
    const { values, problem } = decodeAmf0(bytes)

    expect(values.length > 0 || problem !== undefined).toBe(true)
  })

  it('never throws, and never makes more values than there are bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // Mostly markers, so that structures come to be.
      fc.array(fc.constantFrom(0, 1, 2, 3, 5, 8, 9, 10, 11, 12, 16), { maxLength: 300 }),
    )
    fc.assert(
      fc.property(bytes, (some) => {
        const { values } = decodeAmf0(Buffer.from(some))

        expect(values.length).toBeLessThanOrEqual(some.length)
      }),
      { numRuns: 1_000 },
    )
  })
})
