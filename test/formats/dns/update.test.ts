import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeName, encodeName } from '../../../src/formats/dns/name.ts'
import { decodeUpdate, encodeUpdate, type Update } from '../../../src/formats/dns/update.ts'
import {
  decodeValue,
  encodeValue,
  normalTarget,
  typeOfValue,
  type ValueType,
} from '../../../src/formats/dns/value.ts'
import { decodeWire } from '../../../src/formats/dns/wire.ts'
import { late, longRequest, nsupdateRequest } from './captured.ts'

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/u)
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'))
const ttl = fc.nat({ max: 0xffff_ffff })
const typedValue = fc.oneof(
  fc.ipV4().map((value) => ({ type: 'A' as const, value })),
  fc.ipV6().map((value) => ({ type: 'AAAA' as const, value: normalTarget(value) })),
  name.map((value) => ({ type: 'CNAME' as const, value })),
  fc
    .string({ unit: 'grapheme-ascii', maxLength: 255 })
    .map((value) => ({ type: 'TXT' as const, value })),
)
const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), name, ttl, typed: typedValue }),
  fc.record({ kind: fc.constant('delete' as const), name, typed: typedValue }),
  fc.record({ kind: fc.constant('delete-set' as const), name, typed: typedValue }),
)
const prerequisite = fc.record({
  kind: fc.constantFrom('exactly', 'exists', 'absent'),
  typed: typedValue,
})

const updates: fc.Arbitrary<Update> = fc
  .record({
    id: fc.nat({ max: 0xffff }),
    zone: name,
    // One name each: two of the same would be one set.
    prerequisites: fc.uniqueArray(fc.tuple(name, prerequisite), {
      selector: ([each]) => each,
      maxLength: 6,
    }),
    changes: fc.array(change, { maxLength: 8 }),
  })
  .map(({ id, zone, prerequisites, changes }) => ({
    id,
    zone,
    prerequisites: prerequisites.map(
      ([
        owner,
        {
          kind,
          typed: { type, value },
        },
      ]) =>
        kind === 'exactly'
          ? { kind, name: owner, type, values: [value] }
          : { kind, name: owner, type },
    ),
    changes: changes.map(({ typed: { type, value }, ...rest }) =>
      rest.kind === 'delete-set' ? { ...rest, type } : { ...rest, type, value },
    ),
  }))

describe('an UPDATE', () => {
  it('of nsupdate is read as it was typed', () => {
    expect(decodeUpdate(nsupdateRequest)).toEqual({
      id: 0xa585,
      zone: 'changeover.test',
      prerequisites: [
        { kind: 'exactly', name: 'live.changeover.test', type: 'A', values: ['192.0.2.1'] },
        { kind: 'absent', name: 'live.changeover.test', type: 'AAAA' },
      ],
      changes: [
        { kind: 'delete-set', name: 'live.changeover.test', type: 'A' },
        { kind: 'delete', name: 'other.changeover.test', type: 'TXT', value: 'old text' },
        { kind: 'add', name: 'live.changeover.test', type: 'A', ttl: 20, value: '192.0.2.2' },
        { kind: 'add', name: 'live.changeover.test', type: 'AAAA', ttl: 20, value: '2001:db8::2' },
        {
          kind: 'add',
          name: '_changeover.live.changeover.test',
          type: 'TXT',
          ttl: 20,
          value: 'heritage=changeover',
        },
      ],
    })
    expect(decodeUpdate(longRequest)?.changes).toEqual([
      {
        kind: 'add',
        name: 'alias.changeover.test',
        type: 'CNAME',
        ttl: 60,
        value: 'edge.cdn.example',
      },
    ])
  })

  it('is written byte for byte as BIND took it', () => {
    const written = encodeUpdate({
      id: 0x1234,
      zone: 'changeover.test',
      prerequisites: [],
      changes: [{ kind: 'add', name: 'x.changeover.test', type: 'A', ttl: 5, value: '192.0.2.9' }],
    })

    expect(written.toString('hex')).toBe(
      `123428000001000000010000${late.request.subarray(12, written.length).toString('hex')}`,
    )
  })

  it('is read as it is written', () => {
    fc.assert(
      fc.property(updates, (update) => {
        expect(decodeUpdate(encodeUpdate(update))).toEqual(update)
      }),
    )
  })

  it('keeps the values of one set together', () => {
    const values = ['192.0.2.1', '192.0.2.2', '192.0.2.3']
    const update: Update = {
      id: 1,
      zone: 'z',
      prerequisites: [{ kind: 'exactly', name: 'a.z', type: 'A', values }],
      changes: [],
    }

    expect(decodeUpdate(encodeUpdate(update))).toEqual(update)
  })

  it('is nothing where it is a query, an answer, or damaged anywhere', () => {
    const whole = encodeUpdate({
      id: 1,
      zone: 'changeover.test',
      prerequisites: [{ kind: 'absent', name: 'a.changeover.test', type: 'A' }],
      changes: [],
    })
    const query = Buffer.from(whole)
    query.writeUInt16BE(0, 2)
    const answer = Buffer.from(whole)
    answer.writeUInt16BE(0xa800, 2)

    expect(decodeUpdate(query)).toBeUndefined()
    expect(decodeUpdate(answer)).toBeUndefined()
    for (let end = 0; end < whole.length; end += 1) {
      expect(decodeUpdate(whole.subarray(0, end))).toBeUndefined()
    }
    expect(decodeUpdate(Buffer.concat([whole, Buffer.of(0)]))).toBeUndefined()
  })

  it('never throws and always ends, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeUpdate(Buffer.from(bytes))
        decodeWire(Buffer.from(bytes))
      }),
    )
    fc.assert(
      fc.property(
        fc.nat({ max: nsupdateRequest.length - 1 }),
        fc.nat({ max: 255 }),
        (at, value) => {
          const bent = Buffer.from(nsupdateRequest)
          bent[at] = value
          decodeUpdate(bent)
        },
      ),
    )
  })
})

describe('a name', () => {
  it('that points at itself, ahead, or beyond the end is none', () => {
    expect(decodeName(Buffer.from('c000', 'hex'), 0)).toBeUndefined()
    expect(decodeName(Buffer.from('c002016100', 'hex'), 0)).toBeUndefined()
    expect(decodeName(Buffer.from('c0', 'hex'), 0)).toBeUndefined()
    expect(decodeName(Buffer.from('0561', 'hex'), 0)).toBeUndefined()
    expect(decodeName(Buffer.from('016100c000', 'hex'), 3)).toEqual({ name: 'a', end: 5 })
  })

  it('keeps what is no letter apart from what is', () => {
    expect(decodeName(Buffer.from('03612e6200', 'hex'), 0)).toEqual({ name: 'a\\046b', end: 5 })
  })

  it.each(['a..b', 'a b', `${'x'.repeat(64)}.test`, 'ü.test', 'a.'.repeat(127) + 'bc'])(
    'is refused: %s',
    (text) => {
      expect(() => encodeName(text)).toThrow(RangeError)
    },
  )
})

describe('a value', () => {
  it.each([
    ['192.0.2.1', 'A'],
    ['2001:DB8::1', 'AAAA'],
    ['::ffff:192.0.2.1', 'AAAA'],
    ['edge.cdn.example.', 'CNAME'],
    ['edge', 'CNAME'],
    ['192.0.2', undefined],
    ['192.0.2.256', undefined],
    ['192.0.2.1.', undefined],
    ['01.2.3.4', undefined],
    ['2001:db8::1::', undefined],
    ['https://a.example', undefined],
    ['', undefined],
  ])('%s is of type %s', (value, type) => {
    expect(typeOfValue(value)).toBe(type)
  })

  it.each<[ValueType, string]>([
    ['A', '192.0.2.300'],
    ['AAAA', '192.0.2.1'],
    ['AAAA', 'edge.example'],
    ['CNAME', 'a b'],
    ['TXT', 'x'.repeat(256)],
  ])('of type %s is not %s', (type, value) => {
    expect(() => encodeValue(type, value)).toThrow(RangeError)
  })

  it('of the wrong length is damaged', () => {
    expect(decodeValue('A', Buffer.alloc(3))).toBeUndefined()
    expect(decodeValue('AAAA', Buffer.alloc(4))).toBeUndefined()
    expect(decodeValue('TXT', Buffer.alloc(0))).toBeUndefined()
    expect(decodeValue('TXT', Buffer.from('026162ff', 'hex'))).toBeUndefined()
    expect(decodeValue('CNAME', Buffer.from('01610000', 'hex'))).toBeUndefined()
  })
})
