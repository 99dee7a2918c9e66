import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveAgent } from '../../src/api/serve-agent.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'

/** An agent that knows one path, and what it was asked. */
async function start() {
  const asked: string[] = []
  const clock = new SimulatedClock()
  const agent = await serveAgent({
    clock,
    at: { host: '127.0.0.1', port: 0 },
    port: {
      pull: (route, group, path) => {
        asked.push(`${route} ${group} ${path}`)
        if (group !== 'channel-1/cdn' || path !== 'cdn-a') return undefined
        return { status: 200, body: 'up 75%\n' }
      },
    },
  })
  let isOpen = true
  const close = async () => {
    if (isOpen) await agent.close()
    isOpen = false
  }
  onTestFinished(close)
  return { agent, asked, clock, close }
}

/** Sends these parts, and reads to the end. */
async function say(port: number, ...parts: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  for (const part of parts) {
    socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return await text(socket).catch(() => 'cut')
}

describe('the agent port', () => {
  it('answers one line for one path, and hangs up', async () => {
    const { agent, asked } = await start()

    const answers = [
      await say(agent.port, 'channel-1/cdn/cdn-a\n'),
      await say(agent.port, 'channel-1/c', 'dn/cdn-a\r\nmore'),
    ]

    expect(answers).toEqual(['up 75%\n', 'up 75%\n'])
    expect(asked).toEqual(['agent channel-1/cdn cdn-a', 'agent channel-1/cdn cdn-a'])
  })

  it.each([
    ['an unknown path', 'channel-1/cdn/cdn-x\n'],
    ['half a name', 'channel-1/cdn\n'],
    ['more than a name', 'channel-1/cdn/cdn-a/b\n'],
    ['an empty line', '\n'],
    ['a line without an end', 'x'.repeat(300)],
  ])('says nothing to %s, which changes nothing', async (_, line) => {
    const { agent } = await start()

    expect(await say(agent.port, line)).toBe('')
  })

  it('cuts those who say nothing, or not all of it,', async () => {
    const { agent, clock } = await start()
    const nothing = say(agent.port)
    const halfOfIt = say(agent.port, 'channel-1')
    await expect.poll(() => clock.pending).toBe(2)

    await clock.advance(1_999)
    const left = clock.pending
    await clock.advance(1)

    expect(left).toBe(2)
    expect(await Promise.all([nothing, halfOfIt])).toEqual(['', ''])
  })

  it('ends open connections when it closes', async () => {
    const { agent, close } = await start()
    const waiting = say(agent.port, 'channel-1')
    await expect.poll(async () => await say(agent.port, 'channel-1/cdn/cdn-a\n')).toBe('up 75%\n')

    await close()

    expect(await waiting).toBe('')
  })

  it('says where it cannot listen', async () => {
    const { agent } = await start()
    const at = { host: '127.0.0.1', port: agent.port }

    const clock = new SimulatedClock()

    await expect(serveAgent({ at, clock, port: { pull: () => undefined } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})
