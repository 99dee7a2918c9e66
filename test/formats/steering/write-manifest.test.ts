import {
  array,
  assert,
  dictionary,
  domain,
  integer,
  option,
  property,
  record,
  string,
  stringMatching,
  uniqueArray,
} from 'fast-check'
import { expect, it } from 'vitest'
import { parseSteering } from '../../../src/formats/steering/manifest.ts'
import { writeSteering } from '../../../src/formats/steering/write-manifest.ts'

const pathway = stringMatching(/^[\w.-]{1,20}$/u)

it('writes what our own reader reads, whatever it is', () => {
  const answer = record({
    ttl: integer({ min: 5, max: 3_600 }),
    priority: uniqueArray(pathway, { minLength: 1, maxLength: 8 }),
    clones: array(
      record({
        id: pathway,
        baseId: pathway,
        host: option(domain(), { nil: undefined }),
        params: option(dictionary(string(), string()), { nil: undefined }),
      }),
      { maxLength: 4 },
    ),
  })
  assert(
    property(answer, string({ minLength: 1, maxLength: 200 }), (given, uri) => {
      const { before, after } = writeSteering(given)

      const reading = parseSteering(before + JSON.stringify(uri) + after)

      expect(reading).toEqual({
        ok: true,
        findings: [],
        manifest: {
          ttl: given.ttl,
          reloadUri: uri,
          priority: given.priority,
          clones: given.clones.map(({ id, baseId }) => ({ id, baseId })),
        },
      })
    }),
  )
})
