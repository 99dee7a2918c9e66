import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab, type Lab, type LabOptions } from '../../src/lab/start-lab.ts'
import { get, open, rest, until } from './client.ts'
import { ManualClock } from './manual-clock.ts'

const START = Date.UTC(2026, 0, 1)

let clock: ManualClock
let checks: Server
let checksUrl: string
let answers: Record<string, number>
let polls: number
let lab: Lab | undefined

beforeEach(async () => {
  clock = new ManualClock(START)
  answers = {}
  polls = 0
  checks = createServer((request, response) => {
    polls += 1
    const status = answers[request.url?.slice(1) ?? '']
    if (status === undefined) return void response.destroy()
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => checks.listen(0, '127.0.0.1', resolve))
  checksUrl = `http://127.0.0.1:${(checks.address() as AddressInfo).port}`
})

afterEach(async () => {
  await lab?.close()
  checks.closeAllConnections()
  checks.close()
})

async function begin(more: LabOptions['switch'] = {}): Promise<Lab> {
  lab = await startLab({
    clock,
    random: seededRandom(7),
    streams: [{ name: 'news' }],
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
    switch: { checks: { 'edge-a': `${checksUrl}/a`, 'edge-b': `${checksUrl}/b` }, ...more },
  })
  await clock.asleepFor(200)
  return lab
}

/** Lets one round of checks happen. */
async function round(): Promise<void> {
  await clock.asleepFor(200)
  const before = polls
  await clock.advance(200)
  await until(() => polls >= before + 2)
  await clock.asleepFor(200)
}

async function servedBy(lab: Lab): Promise<string | undefined> {
  const { headers } = await get(`${lab.urls.switch}/news/main.m3u8`)
  return headers.via?.replace('1.1 ', '')
}

describe('the switch', () => {
  it('begins with the first edge, whatever its checks do not say', async () => {
    const lab = await begin()

    expect(lab.state().switch).toMatchObject({ serving: ['edge-a'], changes: 0, changedAt: START })
    expect(await servedBy(lab)).toBe('edge-a')
  })

  it('follows the checks: 200 takes an edge in, 503 takes it out', async () => {
    const lab = await begin()

    Object.assign(answers, { a: 503, b: 200 })
    await round()

    expect(await servedBy(lab)).toBe('edge-b')
    expect(lab.state().switch).toMatchObject({
      serving: ['edge-b'],
      changes: 1,
      changedAt: START + 200,
      servers: [
        { edge: 'edge-a', check: 'out', serving: false, requests: 0 },
        { edge: 'edge-b', check: 'in', serving: true, requests: 1 },
      ],
    })
  })

  it.each([
    ['cannot be reached', undefined],
    ['answer something else', 404],
  ])('keeps the last answers when the checks %s', async (_, status) => {
    Object.assign(answers, { a: 503, b: 200 })
    const lab = await begin()
    await round()

    Object.assign(answers, { a: status, b: status })
    await round()
    await round()

    expect(await servedBy(lab)).toBe('edge-b')
  })

  it('keeps the last set when every check says out', async () => {
    Object.assign(answers, { a: 503, b: 200 })
    const lab = await begin()
    await round()

    Object.assign(answers, { a: 503, b: 503 })
    await round()

    expect(lab.state().switch).toMatchObject({ serving: ['edge-b'], changes: 1 })
  })

  it('shares requests by weight when several edges are in', async () => {
    Object.assign(answers, { a: 200, b: 200 })
    const lab = await begin({ weights: { 'edge-a': 80, 'edge-b': 20 } })
    await round()

    for (let request = 0; request < 200; request += 1) await servedBy(lab)

    const [a, b] = lab.state().switch?.servers.map(({ requests }) => requests) ?? []
    expect((a ?? 0) + (b ?? 0)).toBe(200)
    expect(b).toBeGreaterThan(25)
    expect(b).toBeLessThan(60)
  })

  it('follows other checks once it is told', async () => {
    Object.assign(answers, { a: 200, b: 503, other: 503, second: 200 })
    const lab = await begin()
    await round()

    lab.follow({ 'edge-a': `${checksUrl}/other`, 'edge-b': `${checksUrl}/second` })
    await round()

    expect(await servedBy(lab)).toBe('edge-b')
  })

  it('answers 502 when its edge refuses, and counts it', async () => {
    const lab = await begin()
    await lab.inject('edge-a', 'refuse')

    const { status, body } = await get(`${lab.urls.switch}/news/main.m3u8`)

    expect([status, body.toString()]).toEqual([502, 'edge-a did not answer\n'])
    expect(lab.state().switch?.servers[0]).toMatchObject({ requests: 1, failures: 1 })
  })

  it('hands on what its edge does, half a body included', async () => {
    const lab = await begin()
    await lab.inject('edge-a', 'reset')

    const answer = await open(`${lab.urls.switch}/news/main.m3u8`)
    await clock.asleepFor(50)
    await clock.advance(50)

    expect(answer.statusCode).toBe(200)
    await expect(rest(answer)).rejects.toThrow('aborted')
  })
})
