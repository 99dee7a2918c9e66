import { afterEach, describe, expect, it } from 'vitest'
import keepalived from '../../src/actuators/keepalived.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator } from '../../src/plugin/actuator.ts'
import { bring } from './bring.ts'
import { startKeepalivedPair, whyNoKeepalived } from './keepalived-pair.ts'

const missing = whyNoKeepalived()
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)

const clock = realClock()
const ids = realIds()
const never = new AbortController().signal
const paths = ['lan-a', 'lan-b']

describe.skipIf(missing !== undefined)('two machines with a real keepalived', () => {
  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  it('hand their address over and back, with the mark in the file', async () => {
    if (keepalived.mode !== 'push') throw new Error('not a push actuator')
    const pair = await startKeepalivedPair()
    const net = createNet({ clock })
    closing.push(
      () => pair.close(),
      () => net.close(),
    )
    const context = { clock, ids, net, files: realFiles({ ids }), group: 'channel-1/lan', paths }
    const options = keepalived.options.parse({ files: pair.files })
    const actuator: Actuator = keepalived.create(options, { ...context, callTimeoutMs: 4_000 })

    const first = await actuator.observe(never)
    const moved = await bring(actuator, allTo('lan-b', paths))
    await pair.until('lan-b')
    const text = pair.text('lan-a')
    const back = await bring(actuator, allTo('lan-a', paths))
    await pair.until('lan-a')

    expect(first).toMatchObject({
      ok: true,
      observed: { allocation: { 'lan-a': 100, 'lan-b': 0 }, ours: false },
    })
    expect([...moved, ...back].map(({ result }) => result)).toEqual(
      [...moved, ...back].map(() => 'applied'),
    )
    expect(text).toBe('-100\n# changeover channel-1/lan lan-a\n')
    expect(await actuator.observe(never)).toMatchObject({
      observed: { allocation: { 'lan-a': 100, 'lan-b': 0 }, ours: true },
    })
  })
})
