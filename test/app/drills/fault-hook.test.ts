import { describe, expect, test } from 'vitest'
import { beginFault, endFault } from '../../../src/app/drills/fault-hook.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { ScriptedNet, type ScriptedAnswer } from '../../fakes/scripted-net.ts'

const subject = {
  drill: 'd-1',
  plan: 'weekly',
  group: 'channel-1/cdn',
  path: 'cdn-a',
  forMs: 90_500,
}
const lab = {
  by: 'lab',
  url: 'http://127.0.0.1:9000/',
  target: 'edge-a',
  fault: 'unavailable',
} as const
const webhook = {
  by: 'webhook',
  begin: 'https://chaos.example/begin?key=s3cret',
  end: 'https://chaos.example/end?key=s3cret',
} as const

function world(answers: Readonly<Record<string, ScriptedAnswer>>) {
  const clock = new SimulatedClock()
  const net = new ScriptedNet(clock)
  for (const [url, answer] of Object.entries(answers)) net.on(url, answer)
  const asked = () =>
    net.requests.map(({ url, request: { body, method, maxRedirects } }) => ({
      url,
      method,
      maxRedirects,
      ...(body !== undefined && { body: JSON.parse(String(body)) as unknown }),
    }))
  async function done<T>(work: Promise<T>): Promise<T> {
    await clock.advance(10_000)
    return await work
  }
  return { net, asked, done }
}

describe('a fault of the lab', () => {
  const faults = 'http://127.0.0.1:9000/lab/faults'

  test('begins with an end that needs nobody, rounded up to whole seconds', async () => {
    const { net, asked, done } = world({ [faults]: { status: 201, body: '{"id":"f-7"}' } })

    const answer = await done(beginFault(net, { ...lab, value: 2 }, subject))

    expect(answer).toEqual({ ok: true, says: 'broken', id: 'f-7' })
    expect(asked()).toEqual([
      {
        url: faults,
        method: 'POST',
        maxRedirects: 0,
        body: { target: 'edge-a', fault: 'unavailable', for: '91s', value: 2 },
      },
    ])
  })

  test.for([
    ['it was there', 200, true],
    ['it ended by itself before', 404, true],
    ['the lab is out of order', 500, false],
  ] as const)('is healed by its own id: %s', async ([, status, ok]) => {
    const { net, asked, done } = world({ [`${faults}/f-7`]: { status } })

    const answer = await done(endFault(net, lab, subject, 'f-7'))

    expect(answer.ok).toBe(ok)
    expect(asked()).toEqual([{ url: `${faults}/f-7`, method: 'DELETE', maxRedirects: 0 }])
  })

  test('whose id nobody knows any more is left to end by itself, and nobody is asked', async () => {
    const { net, asked, done } = world({})

    const answer = await done(endFault(net, lab, subject, undefined))

    expect(answer).toEqual({ ok: true, says: 'the fault of the lab ends by itself' })
    expect(asked()).toEqual([])
  })

  test('that cannot be healed now is said, so that it is tried again', async () => {
    const { net, done } = world({ [`${faults}/f-7`]: { fault: 'refused' } })

    expect(await done(endFault(net, lab, subject, 'f-7'))).toMatchObject({ ok: false })
  })
})

describe('a fault by webhook', () => {
  test.for([
    ['begin', beginFault],
    ['end', endFault],
  ] as const)('tells at its %s what, where and for how long', async ([action, work]) => {
    const url = `https://chaos.example/${action}`
    const { net, asked, done } = world({ [url]: { status: 204 } })

    const answer = await done(work(net, webhook, subject, undefined))

    expect(answer.ok).toBe(true)
    expect(asked()).toEqual([
      {
        url: `${url}?key=s3cret`,
        method: 'POST',
        maxRedirects: 0,
        body: {
          action,
          drill: 'd-1',
          plan: 'weekly',
          group: 'channel-1/cdn',
          path: 'cdn-a',
          for_seconds: 91,
        },
      },
    ])
  })

  test.for([
    ['an error', { status: 500 }, 'the fault hook answered with status 500'],
    ['a redirect', { status: 302 }, 'the fault hook answered with status 302'],
    ['silence', { hang: true }, 'the fault hook did not answer: '],
    ['a closed port', { fault: 'refused' }, 'the fault hook did not answer: '],
  ] as const)(
    'answered by %s is not broken, and its address is not repeated',
    async ([, script, says]) => {
      const { net, done } = world({ 'https://chaos.example/begin': script })

      const answer = await done(beginFault(net, webhook, subject))

      expect(answer).toMatchObject({ ok: false, says: expect.stringContaining(says) as string })
      expect(answer.says).not.toContain('s3cret')
    },
  )

  test.for(['', 'done', '[]', 'null', '{"id":7}'])(
    'takes %j for an answer without an id',
    async (body) => {
      const { net, done } = world({ 'https://chaos.example/begin': { status: 200, body } })

      expect(await done(beginFault(net, webhook, subject))).toEqual({ ok: true, says: 'broken' })
    },
  )
})
