import { describe, expect, it } from 'vitest'
import haproxyAgent from '../../src/actuators/haproxy-agent.ts'
import type { Published } from '../../src/plugin/actuator.ts'

const follows: Published = { allocation: { 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 }, serveAll: false }
const all: Published = { ...follows, serveAll: true }
const nothing: Published = { allocation: { 'cdn-a': 0 }, serveAll: false }

function ask(published: Published, path: string, given: object = {}): string {
  if (haproxyAgent.mode !== 'pull' || haproxyAgent.asks === 'group') throw new Error('not pulled')
  const options = haproxyAgent.options.parse(given)
  return haproxyAgent.answer(options, published, { path, query: {} }).body
}

describe('the haproxy-agent actuator', () => {
  it.each<[string, Published, string, object, string]>([
    ['the share of a path', follows, 'cdn-a', {}, 'up 75%\n'],
    ['the share of another', follows, 'cdn-b', { out: 'down' }, 'up 25%\n'],
    ['no weight for a path without any', follows, 'cdn-c', {}, 'up 0%\n'],
    ['down where that is asked for', follows, 'cdn-c', { out: 'down' }, 'down\n'],
    ['everything in advise, or with every path down', all, 'cdn-c', { out: 'down' }, 'up 100%\n'],
    ['everything where nothing would serve', nothing, 'cdn-a', { out: 'down' }, 'up 100%\n'],
    ['nothing of an unknown path', follows, 'cdn-x', {}, ''],
    ['nothing of an unknown path named like a method', follows, 'constructor', {}, ''],
  ])('says %s', (_, published, path, given, line) => {
    expect(ask(published, path, given)).toBe(line)
  })

  it('never says what would end a drain of a person, or make one that stays', () => {
    for (const path of ['cdn-a', 'cdn-b', 'cdn-c', 'cdn-x']) {
      for (const out of ['weight', 'down']) {
        for (const published of [follows, all, nothing]) {
          expect(ask(published, path, { out })).toMatch(/^(?:up \d+%\n|down\n)?$/u)
        }
      }
    }
  })

  it('takes effect within the interval of the checks', () => {
    const options = haproxyAgent.options.parse({ interval: '500ms' })

    expect(haproxyAgent.capabilities(options)).toMatchObject({ mode: 'pull', settleMs: 500 })
  })
})
