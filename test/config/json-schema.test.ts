import { describe, expect, it } from 'vitest'
import { schemaAt } from '../../src/config/expectation.ts'
import { configSchema } from '../../src/config/json-schema.ts'
import { fakePlugins } from './fake-plugins.ts'

const schema = configSchema(fakePlugins)
const group = ['streams', 'x', 'groups', 'x']

describe('configSchema', () => {
  it('is plain JSON of draft 2020-12 without words of our own', () => {
    const text = JSON.stringify(schema)

    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(JSON.parse(text)).toEqual(schema)
    expect(text).not.toMatch(/"(?:bounds|perPath|somePaths|pathName)":/u)
  })

  it('writes defaults as one writes them in the file, with bounds in the description', () => {
    expect(schemaAt(schema, ['timing', 'every'])).toMatchObject({
      type: 'string',
      default: '5s',
      description: 'How often a path is looked at. From 100ms to 5m.',
    })
    const [pull] = schemaAt(schema, [...group, 'paths', 'p'])?.anyOf ?? []
    expect(pull?.properties?.['timeout']).toMatchObject({ type: 'string', default: '4s' })
  })

  it('has one strict alternative for each probe, with common keys and its own', () => {
    const path = schemaAt(schema, [...group, 'paths', 'p'])

    expect(path?.required).toEqual(['type'])
    expect(
      path?.anyOf?.map(({ title, properties, required, additionalProperties }) => ({
        title,
        keys: Object.keys(properties ?? {}),
        required,
        additionalProperties,
      })),
    ).toEqual([
      {
        title: 'pull',
        keys: [
          'type',
          'every',
          'domain',
          'rules',
          'weight',
          'max_weight',
          'capacity',
          'witnesses',
          'url',
          'address',
          'timeout',
          'depth',
          'mode',
        ],
        required: ['type', 'url'],
        additionalProperties: false,
      },
      {
        title: 'connect',
        keys: [
          'type',
          'every',
          'domain',
          'rules',
          'weight',
          'max_weight',
          'capacity',
          'witnesses',
          'address',
          'password',
        ],
        required: ['type', 'address'],
        additionalProperties: false,
      },
    ])
  })

  it('spreads the variants of a plug-in over as many alternatives', () => {
    const actuator = schemaAt(schema, [...group, 'actuators', 0])

    expect(actuator?.anyOf?.map(({ title }) => title)).toEqual(['balancer', 'answer', 'answer'])
  })
})
