import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { withMissingPrograms } from '../../src/composition/missing-programs.ts'
import { plugins } from '../../src/plugins.ts'

const sentence =
  'SRT paths cannot be watched: srt-live-transmit is not installed here (package srt-tools on Debian and Ubuntu).'

function warnings(paths: string, found: string | undefined): readonly string[] {
  const text = `streams: { one: { groups: { in: { paths: { ${paths} } } } } }\n`
  const loaded = loadConfiguration(text, 'site.yaml', plugins)
  const checked = withMissingPrograms(loaded, plugins, { find: () => found })
  if (!checked.ok) throw new Error(checked.errors.join('\n'))
  return checked.warnings
}

const srt =
  'a: { type: srt, url: "srt://a.example:9000" }, b: { type: srt, url: "srt://b.example:9000" }'

describe('a program that is not installed', () => {
  it('is one sentence, for all paths that need it', () => {
    expect(warnings(srt, undefined).filter((each) => each === sentence)).toHaveLength(1)
  })

  it('is nothing where it is installed or nobody needs it', () => {
    expect(warnings(srt, '/usr/bin/srt-live-transmit')).not.toContain(sentence)
    const udp = 'a: { type: mpegts, url: "udp://239.1.2.3:5000" }'
    expect(warnings(udp, undefined)).not.toContain(sentence)
  })

  it('is nothing where the options of a path do not need it', () => {
    const hls = 'a: { type: hls, url: "https://a.example/live.m3u8" }'
    const deep = 'a: { type: hls, url: "https://a.example/live.m3u8", deep: {} }'

    expect(warnings(hls, undefined).join()).not.toContain('ffmpeg')
    expect(warnings(deep, undefined)).toContain(
      'Pictures and sound are not looked at (`deep`): ffmpeg is not installed here (package ffmpeg on Debian and Ubuntu).',
    )
  })

  it('leaves a configuration that is wrong as it is', () => {
    const wrong = { ok: false, errors: ['wrong'] } as const

    expect(withMissingPrograms(wrong, plugins, { find: () => undefined })).toBe(wrong)
  })
})
