import { randomBytes } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import hls from '../../probes/hls.ts'
import http from '../../probes/http.ts'
import type { Observation } from '../../src/core/sample.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { Net } from '../../src/plugin/net.ts'
import { hasOpenssl, makeCertificate } from '../net/servers.ts'
import { session } from '../probes/look-once.ts'
import { eventually, startChild } from './child.ts'
import { ffmpegBinary } from './encoder.ts'
import { startEdge } from './nginx-edge.ts'
import { nginxBinary } from './nginx-process.ts'

const canRun = ffmpegBinary !== undefined && nginxBinary !== undefined && hasOpenssl()
const secret = 'an-edge-secret'
const name = 'edge.test'

const input = (tone: number) =>
  `-re -f lavfi -i testsrc2=size=256x144:rate=25 -re -f lavfi -i sine=frequency=${tone}:sample_rate=48000`
const video = `-pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -b:v 300k
  -g 25 -keyint_min 25 -sc_threshold 0`
const live = '-f hls -hls_time 1 -hls_list_size 6 -hls_flags delete_segments+program_date_time'

describe.skipIf(!canRun)(
  'HLS of FFmpeg behind nginx with TLS and HTTP/2 (skipped where one of them or openssl is not installed)',
  () => {
    const certificate = canRun ? makeCertificate(name, 9) : { key: '', cert: '' }
    let edge: Awaited<ReturnType<typeof startEdge>>
    let net: RealNet
    const encoders: ReturnType<typeof startChild>[] = []

    const trusting: Partial<Net> = {
      http: (request) => net.http({ ...request, ca: certificate.cert }),
    }

    function encode(words: string): void {
      const args = `-hide_banner -loglevel error -nostdin ${words}`.trim().split(/\s+/u)
      // The one argument with spaces in it.
      const ladder =
        'v:0,agroup:aud,name:video a:0,agroup:aud,name:one,default:yes a:1,agroup:aud,name:two'
      const whole = args.map((each) => (each === '@ladder' ? ladder : each))
      encoders.push(startChild(ffmpegBinary ?? '', whole, edge.live))
    }

    const url = (file: string, folder = 'live') => `https://${name}:${edge.port}/${folder}/${file}`

    /** Looks for `seconds` seconds, one every second. */
    async function watch(file: string, seconds: number, more = {}): Promise<Observation[]> {
      const options = { url: url(file), address: '127.0.0.1', ...more }
      const look = session(hls, options, trusting)
      const seen: Observation[] = []
      for (let at = 0; at < seconds; at++) {
        seen.push(await look())
        await realClock().sleep(1_000)
      }
      return seen
    }

    beforeAll(async () => {
      net = createNet({ clock: realClock() })
      edge = await startEdge(certificate, secret)
      const at = (file: string) => join(edge.live, file)
      writeFileSync(at('key.bin'), randomBytes(16))
      writeFileSync(at('key.info'), `key.bin?token=s3cr3t\n${at('key.bin')}\n`)
      encode(
        `${input(440)} ${input(880)} -map 0:v -map 1:a -map 3:a ${video} -c:a aac -b:a 64k ${live}
         -hls_segment_type fmp4 -master_pl_name cmaf.m3u8
         -var_stream_map @ladder
         -hls_fmp4_init_filename %v-init.mp4 -hls_segment_filename %v-%d.m4s %v.m3u8`,
      )
      encode(
        `${input(440)} -map 0:v -map 1:a ${video} -c:a aac -b:a 64k ${live}
         -hls_key_info_file key.info -hls_segment_filename enc-%d.ts encrypted.m3u8`,
      )
      await eventually(
        () => `ffmpeg brought nothing: ${encoders.map((each) => each.errors()).join(' ')}`,
        async () =>
          existsSync(at('encrypted.m3u8')) &&
          existsSync(at('cmaf.m3u8')) &&
          existsSync(at('video-4.m4s')),
      )
    })

    afterAll(async () => {
      for (const encoder of encoders) await encoder.kill()
      await net?.close()
      await edge?.close()
    })

    it('is watched as fragmented MP4 with two sounds, over HTTP/2 and without a complaint', async () => {
      const seen = await watch('cmaf.m3u8', 8, { http: 2 })

      expect(seen.map(({ reason }) => reason ?? 'pass')).toEqual(seen.map(() => 'pass'))
      expect(
        seen.flatMap(({ findings }) => findings.filter((each) => each.severity !== 'info')),
      ).toEqual([])
      expect(seen.at(-1)?.measurements).toMatchObject({
        renditions: 3,
        renditions_missing: 0,
        segments_missing_ratio: 0,
        http_version: 2,
        http_status: 200,
        player_stalls: 0,
      })
      const gaps = seen.flatMap(({ measurements }) => measurements['media_gap_seconds'] ?? [])
      expect(gaps.length).toBeGreaterThan(1)
      expect(Math.max(...gaps)).toBeLessThan(0.1)
      expect(seen.at(-1)?.measurements['certificate_days']).toBeCloseTo(9, 0)
    })

    it('has its key asked for, and says when it is gone without telling where it was', async () => {
      const good = await watch('encrypted.m3u8', 2)
      rmSync(join(edge.live, 'key.bin'))
      const bad = await watch('encrypted.m3u8', 1)

      expect(good.map(({ measurements }) => measurements['keys_missing'] ?? 0)).not.toContain(1)
      expect(
        good.flatMap(({ findings }) => findings.filter((each) => each.severity !== 'info')),
      ).toEqual([])
      expect(bad[0]?.measurements['keys_missing']).toBe(1)
      expect(bad[0]?.findings[0]).toMatchObject({ code: 'key-missing' })
      expect(JSON.stringify([...good, ...bad])).not.toContain('s3cr3t')
    })

    it('is had through signed URLs, and not without', async () => {
      const sign = {
        query: 'md5={signature}&expires={expires}',
        text: '{expires}{path} {key}',
        key: secret,
        digest: 'md5',
        encoding: 'base64url',
      } as const
      const at = { url: url('cmaf.m3u8', 'signed'), address: '127.0.0.1' }

      const signed = await session(http, { ...at, sign, http: 2 }, trusting)()
      const bare = await session(http, at, trusting)()
      const wrong = await session(http, { ...at, sign: { ...sign, key: 'another' } }, trusting)()
      const everything = await session(
        hls,
        { ...at, sign: { ...sign, requests: 'host' } },
        trusting,
      )()

      expect(signed).toMatchObject({ outcome: 'pass', measurements: { http_version: 2 } })
      expect(bare.reason).toBe(`${at.url} answered 403, not 200.`)
      expect(wrong.reason).toBe(`${at.url} answered 403, not 200.`)
      expect(everything.measurements).toMatchObject({
        renditions_missing: 0,
        segments_missing_ratio: 0,
      })
    })
  },
)
