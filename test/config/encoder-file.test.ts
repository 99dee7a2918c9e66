import { describe, expect, it } from 'vitest'
import { loadEncoderFile } from '../../src/config/encoder-file.ts'

function load(text: string) {
  return loadEncoderFile({
    text,
    fileName: 'encoder.yaml',
    environment: (name) => (name === 'KEY' ? 'secret-key' : undefined),
    readFile: () => {
      throw new Error('no file')
    },
  })
}

const smallest = `
serve: http://changeover:8643/serve/ch/ingest/
targets: { main: "rtmp://a.example/live/\${KEY}", 2-backup: "srt://b.example:9000" }
run: [ffmpeg, -i, in.ts, "{target}"]
`

describe('the file of an encoder', () => {
  it('gets every default, and keeps the order of its targets', () => {
    expect(load(smallest)).toEqual({
      ok: true,
      settings: {
        serve: 'http://changeover:8643/serve/ch/ingest',
        everyMs: 1_000,
        startWithinMs: 10_000,
        targets: [
          { path: 'main', url: 'rtmp://a.example/live/secret-key' },
          { path: '2-backup', url: 'srt://b.example:9000' },
        ],
        program: 'ffmpeg',
        args: ['-i', 'in.ts', '{target}'],
        environment: [],
        restart: { firstMs: 500, mostMs: 30_000 },
      },
    })
  })

  it.each([
    [
      'an unknown key',
      smallest.replace('run:', 'runs:'),
      /encoder\.yaml:4:1: runs: unknown key; did you mean "run"\?/u,
    ],
    [
      'no place for the target',
      smallest.replace('{target}', 'x'),
      /expected \{target\} in an argu/u,
    ],
    [
      'a target that is no URL',
      smallest.replace('srt://', 'sctp://'),
      /expected an absolute rtmp/u,
    ],
    ['a variable that is not set', smallest.replace('KEY', 'NOPE'), /variable NOPE is not set/u],
    [
      'the same target twice',
      smallest.replace('srt://b.example:9000', 'rtmp://a.example/live/secret-key'),
      /two paths name the same target/u,
    ],
  ])('is refused with %s', (_, text, says) => {
    const loaded = load(text)

    const errors = loaded.ok ? '' : loaded.errors.join('\n')
    expect(errors).toMatch(says)
    expect(errors).not.toContain('secret-key')
  })
})
