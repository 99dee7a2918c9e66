import { describe, expect, it } from 'vitest'
import evict from '../../src/actuators/evict.ts'
import serve from '../../src/actuators/serve.ts'
import type { Published } from '../../src/plugin/actuator.ts'

const follows: Published = { allocation: { 'cdn-a': 70, 'cdn-b': 0 }, serveAll: false }
const all: Published = { ...follows, serveAll: true }
const nothing: Published = { allocation: { 'cdn-a': 0, 'cdn-b': 0 }, serveAll: false }

function ask(plugin: typeof serve | typeof evict, published: Published, path: string) {
  if (plugin.mode !== 'pull' || plugin.asks === 'group') throw new Error('not a pull actuator')
  return plugin.answer({}, published, { path, query: {} })
}

describe('/serve and /evict', () => {
  it.each<[string, Published, string, number, number]>([
    ['a path that serves', follows, 'cdn-a', 200, 503],
    ['a path without weight', follows, 'cdn-b', 503, 200],
    ['any path in advise, or with every path down', all, 'cdn-b', 200, 503],
    ['any path where nothing would serve', nothing, 'cdn-b', 200, 503],
    ['an unknown path', follows, 'cdn-x', 503, 503],
    ['an unknown path named like a method', follows, 'constructor', 503, 503],
  ])('for %s', (_, published, path, served, evicted) => {
    const answers = [ask(serve, published, path), ask(evict, published, path)]

    expect(answers.map(({ status }) => status)).toEqual([served, evicted])
    expect(answers.every(({ headers }) => headers?.['cache-control'] === 'no-store')).toBe(true)
  })

  it('say in one sentence what they mean', () => {
    expect(ask(serve, follows, 'cdn-a').body).toBe('cdn-a serves with weight 70.\n')
    expect(ask(serve, follows, 'cdn-b').body).toBe('cdn-b is out of service.\n')
    expect(ask(evict, follows, 'cdn-b').body).toBe('cdn-b is to be taken out.\n')
    expect(ask(evict, all, 'cdn-b').body).toBe('cdn-b stays, as every path does now.\n')
  })
})
