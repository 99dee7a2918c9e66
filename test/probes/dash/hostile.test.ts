import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'
import { origin, watch } from './scene.ts'

const folder = new URL('../../fixtures/dash/', import.meta.url)
const seeds = ['livesim2', 'mpd-parser'].flatMap((name) =>
  readdirSync(new URL(`${name}/`, folder))
    .filter((file) => file.endsWith('.mpd'))
    .map((file) => readFileSync(new URL(`${name}/${file}`, folder), 'utf8')),
)

const answer = fc.oneof(
  fc.constantFrom(...seeds).map((body) => ({ body })),
  fc
    .record({ text: fc.constantFrom(...seeds), at: fc.nat(), put: fc.string({ maxLength: 20 }) })
    .map(({ text, at, put }) => {
      const from = at % text.length
      return { body: text.slice(0, from) + put + text.slice(from + put.length) }
    }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ body: Buffer.from(bytes) })),
  fc.constantFrom({ status: 500 }, { hang: true }, { fault: 'reset' as const }, { body: '' }),
)
const media = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ body: Buffer.from(bytes) })),
  fc.constantFrom(
    { status: 404 },
    { hang: true },
    { body: '<html>' },
    { endless: true, body: 'x'.repeat(4_096) },
  ),
)

it('whatever servers answer, looks end in time, say no secret and throw nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 4 }),
      media,
      async (answers, segment) => {
        const clock = new FakeClock()
        const net = new ScriptedNet(clock).on(/./u, segment)
        const look = watch(clock, net, {
          url: `${origin}/main.mpd?token=hunter2`,
          timeout: '2s',
          segments: { max_bytes: '64KiB' },
        })

        for (const each of answers) {
          net.on(`${origin}/main.mpd`, each)
          const due = clock.now() + 2_000
          const seen = await look()

          expect(clock.now() - due).toBeLessThanOrEqual(2_100)
          expect(JSON.stringify(seen)).not.toContain('hunter2')
          for (const value of Object.values(seen.measurements)) {
            expect(Number.isFinite(value)).toBe(true)
          }
          expect(seen.findings.length).toBeLessThanOrEqual(30)
          if (seen.outcome !== 'pass') expect(seen.reason).toMatch(/^[A-Z].*\.$/su)
        }
      },
    ),
    { numRuns: 150 },
  )
})
