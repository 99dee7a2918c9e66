import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeComposition, ownFolder, run } from './harness.ts'

const careful = `mode: advise
vantage: { name: fra, reference: ["https://reference.example/"] }
vantages: [{ name: fra, domain: a }, { name: lhr, domain: b }, { name: iad, domain: c }]
streams:
  channel-1:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: "https://a.example/main.m3u8?token=hunter2" }
          cdn-b: { type: hls, url: "https://b.example/main.m3u8" }
        actuators: [{ type: serve }]
`
const trusting = careful.replace(
  '        actuators:',
  '        quorum: { at_least: 1, fraction: 0.1, domains: 1, min_fresh: 1 }\n        actuators:',
)

function written(text: string): string {
  const file = join(ownFolder(), 'site.yaml')
  writeFileSync(file, text)
  return file
}

test(
  'a careful configuration keeps every invariant, and outage is told beside doing nothing',
  { timeout: 120_000 },
  async () => {
    const file = written(careful)

    const { code, out } = await run(
      ['simulate', file, '--seeds', '2', '--minutes', '30'],
      fakeComposition(),
    )

    expect(code).toBe(0)
    expect(out).toContain(`2 runs of 30 virtual minutes of ${file}`)
    expect(out).toContain('outage, had nobody moved anything')
    expect(out).toContain('all invariants held in 2 runs')
    expect(out).toContain('the mode is advise: simulated as if it were armed')
    expect(out).not.toContain('hunter2')
  },
)

test(
  'one vantage whose word is enough breaks invariant 1, with the command that shows it again',
  { timeout: 120_000 },
  async () => {
    const file = written(trusting)

    const all = await run(['simulate', file, '--seeds', '4', '--json'], fakeComposition())
    const sum = JSON.parse(all.out) as {
      violations: { invariant: number; seed: number; replay: string }[]
    }
    const broken = sum.violations.find(({ invariant }) => invariant === 1)
    const again = await run(broken?.replay.split(' ').slice(1) ?? [], fakeComposition())

    expect(all.code).toBe(1)
    expect(broken?.replay).toBe(`changeover simulate ${file} --seed ${broken?.seed} --minutes 60`)
    expect(again.code).toBe(1)
    expect(again.out).toContain('What went wrong')
    expect(again.out).toContain('ever saw it bad, 2 needed')
  },
)

test('the same seed gives the same result', async () => {
  const file = written(careful)
  const command = ['simulate', file, '--seed', '7', '--minutes', '15', '--json']

  const first = await run(command, fakeComposition())
  const second = await run(command, fakeComposition())

  expect(second.out).toBe(first.out)
})

test('a wrong configuration is refused before anything runs', async () => {
  const { code, err } = await run(['simulate', written('mode: armd\n')], fakeComposition())

  expect(code).toBe(2)
  expect(err).toContain('armd')
})
