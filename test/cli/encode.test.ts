import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fakePrograms } from '../fakes/fake-programs.ts'
import { fakeComposition, ownFolder, run } from './harness.ts'

function written(text: string): string {
  const file = join(ownFolder(), 'encoder.yaml')
  writeFileSync(file, text)
  return file
}

const file = `
serve: http://127.0.0.1:9/serve/ch/ingest
targets: { main: "rtmp://a.example/live/hunter2" }
run: [ffmpeg, "{target}"]
start_within: 1s
`

it('encode says everything that is wrong with its file, and starts nothing', async () => {
  const { processes, started } = fakePrograms()

  const ran = await run(
    ['encode', written(file.replace('{target}', 'hunter2').replace('serve:', 'server:'))],
    fakeComposition({ processes }),
  )

  expect(ran.code).toBe(2)
  expect(ran.err).toMatch(/server: unknown key; did you mean "serve"\?/u)
  expect(ran.err).toMatch(/expected \{target\} in an argument/u)
  expect(started).toEqual([])
})

it('encode names a program that is not installed', async () => {
  const { processes } = fakePrograms({ find: () => undefined })

  const ran = await run(['encode', written(file)], fakeComposition({ processes }))

  expect(ran.code).toBe(2)
  expect(ran.err).toContain('ffmpeg is not installed here.')
})

it('encode runs the program until it is asked to end, and shows no target', async () => {
  const { processes, started } = fakePrograms()
  const asked = Promise.withResolvers<void>()
  const composition = fakeComposition({
    processes: {
      ...processes,
      start: async (request) => {
        const begun = await processes.start(request)
        asked.resolve()
        return begun.ok ? { ok: true, stop: () => request.onEnd() } : begun
      },
    },
    untilStopped: () => asked.promise,
  })

  const ran = await run(['encode', written(file)], composition)

  expect(ran.code).toBe(0)
  expect(started.map(({ args }) => args)).toEqual([['rtmp://a.example/live/hunter2']])
  expect(ran.out).toContain('streams to main')
  expect(ran.out + ran.err).not.toContain('hunter2')
})
