import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../fakes/fake-clock.ts'
import type { ScriptedAnswer } from '../../fakes/scripted-net.ts'
import { healthy, LiveStream, origin, watch } from './scene.ts'

const server = 'https://steering.example/m'
const steered = [
  '#EXTM3U',
  `#EXT-X-CONTENT-STEERING:SERVER-URI="${server}",PATHWAY-ID="a"`,
  '#EXT-X-STREAM-INF:BANDWIDTH=300000,PATHWAY-ID="a",AUDIO="aud-a"',
  'hi.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=300000,PATHWAY-ID="b",AUDIO="aud-b"',
  'lo.m3u8',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud-a",NAME="en",URI="hi.m3u8?audio"',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud-b",NAME="en",URI="lo.m3u8?audio"',
].join('\n')

const manifest = (...priority: readonly string[]) => ({
  body: JSON.stringify({ VERSION: 1, TTL: 10, 'PATHWAY-PRIORITY': priority }),
})

function scene(answer: ScriptedAnswer, input: Readonly<Record<string, unknown>> = {}) {
  const clock = new FakeClock()
  const net = healthy(clock, new LiveStream(clock, 6))
  net.on(`${origin}/main.m3u8`, { body: steered })
  net.on(server, answer)
  const { look } = watch(clock, net, { segments: { fetch: 'none' }, ...input })
  const asked = () => net.urls.filter((url) => url.startsWith(server))
  const watched = () => [...new Set(net.urls.filter((url) => /(?:hi|lo)\.m3u8$/u.test(url)))]
  return { net, look, asked, watched }
}

describe('a content-steering manifest', () => {
  it('is fetched with the present pathway and again when its time is over', async () => {
    const { look, asked } = scene(manifest('a', 'b'))

    const seen = await look()
    for (let at = 0; at < 8; at++) await look(3_000)

    expect(seen.measurements['steering_missing']).toBe(0)
    expect(seen.findings).toEqual([])
    expect(asked()).toEqual([
      `${server}?_HLS_pathway=a`,
      `${server}?_HLS_pathway=a`,
      `${server}?_HLS_pathway=a`,
    ])
  })

  it('is asked for where it says, as far as that is an address of the web', async () => {
    const body = (uri: string) =>
      JSON.stringify({ VERSION: 1, TTL: 5, 'PATHWAY-PRIORITY': ['a'], 'RELOAD-URI': uri })
    const good = scene({ body: body('next?s=1') })
    const bad = scene({ body: body('file:///etc/passwd') })

    await good.look()
    await good.look(6_000)
    const seen = await bad.look()
    await bad.look(6_000)

    expect(good.net.urls).toContain('https://steering.example/next?s=1&_HLS_pathway=a')
    expect(seen.findings).toMatchObject([{ code: 'steering-reload-uri' }])
    expect(bad.asked()).toHaveLength(2)
  })

  it.each([
    ['fails', { status: 500 }, 'The steering manifest answered 500.'],
    ['is a page', { body: '<html>' }, 'The steering manifest is no JSON object.'],
  ])('that %s is missing, and nothing else is wrong', async (_, answer, says) => {
    const { look } = scene(answer)

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { steering_missing: 1 },
      findings: [{ code: 'steering-missing', diagnosis: 'steering-missing', says }],
    })
  })

  it('that is gone is not asked for again', async () => {
    const { look, asked } = scene({ status: 410 })

    for (let at = 0; at < 30; at++) await look(3_000)

    expect(asked()).toHaveLength(1)
  })

  it('that names an unknown pathway is a finding', async () => {
    const { look } = scene(manifest('c', 'a'))

    expect((await look()).findings).toMatchObject([
      {
        code: 'steering-unknown-pathway',
        says: 'The steering manifest names 1 pathways that the multivariant playlist does not have: c.',
      },
    ])
  })

  it('is left alone where that is wished', async () => {
    const { look, asked } = scene(manifest('b'), { steering: 'off' })

    const seen = await look()

    expect(asked()).toEqual([])
    expect(seen.measurements['steering_missing']).toBeUndefined()
  })
})

describe('the pathway that is watched', () => {
  it('is the one to start with, whatever the steering server prefers', async () => {
    const { look, watched } = scene(manifest('b', 'a'))

    for (let at = 0; at < 4; at++) await look(3_000)

    expect(watched()).toEqual([`${origin}/hi.m3u8`])
  })

  it('is the configured one, with the audio of its groups', async () => {
    const { net, look, watched } = scene(manifest('a'), { pathway: 'b' })

    const seen = await look()

    expect(watched()).toEqual([`${origin}/lo.m3u8`])
    expect(net.urls).toContain(`${origin}/lo.m3u8?audio`)
    expect(seen.measurements['renditions']).toBe(2)
  })

  it('follows the steering server where that is wished', async () => {
    const { look, watched } = scene(manifest('b', 'a'), { steering: 'follow' })

    for (let at = 0; at < 3; at++) await look(3_000)

    expect(watched()).toEqual([`${origin}/hi.m3u8`, `${origin}/lo.m3u8`])
  })
})
