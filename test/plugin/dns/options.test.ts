import { describe, expect, it } from 'vitest'
import powerdns from '../../../src/actuators/powerdns.ts'
import rfc2136 from '../../../src/actuators/rfc2136.ts'

const shared = { zone: 'example.org', records: { 'cdn-a': ['192.0.2.1'], 'cdn-b': ['192.0.2.2'] } }
const aliases = { 'cdn-a': ['a.example.net'], 'cdn-b': ['b.example.net'] }
const secret = 'c2VjcmV0IG9mIDI0IGJ5dGVzISEh'
const actuators = [
  { plugin: rfc2136, own: { server: '192.0.2.53', key: { name: 'k', secret } } },
  { plugin: powerdns, own: { url: 'http://192.0.2.53:8081', api_key: 'key-of-the-api' } },
]

describe.each(actuators)('options of $plugin.type', ({ plugin, own }) => {
  const issues = (given: object) =>
    (plugin.options.safeParse({ ...shared, ...own, ...given }).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    )

  it.each(['live.example.org', 'example.org', 'a.b.example.org'])('take %s', (name) => {
    expect(issues({ name })).toEqual([])
  })

  it.each(['live.example.com', 'badexample.org', 'org'])('refuse %s outside the zone', (name) => {
    expect(issues({ name })).toEqual(['name: does not lie in the zone'])
  })

  it('refuse an alias at the name of the zone, and take it below', () => {
    expect(issues({ name: 'example.org', records: aliases })).toEqual([
      'records: the name of the zone itself cannot be an alias (CNAME)',
    ])
    expect(issues({ name: 'live.example.org', records: aliases })).toEqual([])
  })
})
