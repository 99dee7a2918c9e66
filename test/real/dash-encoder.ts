import { tmpdir } from 'node:os'
import { eventually, startChild } from './child.ts'
import { ffmpegBinary } from './encoder.ts'

/** How FFmpeg's DASH muxer addresses segments. */
export type DashMode = 'timeline' | 'number' | 'low-latency'

const flags: Readonly<Record<DashMode, string>> = {
  timeline: '-use_timeline 1',
  number: '-use_timeline 0',
  'low-latency':
    '-use_timeline 0 -streaming 1 -ldash 1 -frag_type duration -frag_duration 0.2 -target_latency 2 -write_prft 1',
}

/**
 * A real encoder: FFmpeg publishes a moving test picture (H.264, 300 kbit/s) with a tone (AAC,
 * 64 kbit/s) as live DASH below `origin`/live/, one second to a segment.
 */
export function startDashEncoder(origin: string, mode: DashMode) {
  if (ffmpegBinary === undefined) throw new Error('ffmpeg is not installed')
  const timeServer = mode === 'low-latency' ? ['-utc_timing_url', `${origin}/time`] : []
  const child = startChild(
    ffmpegBinary,
    [
      ...words(`
        -hide_banner -loglevel error -nostdin
        -re -f lavfi -i testsrc2=size=256x144:rate=25
        -re -f lavfi -i sine=frequency=440:sample_rate=48000
        -map 0:v -map 1:a -pix_fmt yuv420p
        -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -b:v 300k
        -g 25 -keyint_min 25 -sc_threshold 0
        -c:a aac -b:a 64k
        -f dash -seg_duration 1 -use_template 1 -window_size 12 -extra_window_size 6
        -method PUT -timeout 2 -ignore_io_errors 1`),
      ...words(flags[mode]),
      ...timeServer,
      '-adaptation_sets',
      'id=0,streams=v id=1,streams=a',
      `${origin}/live/main.mpd`,
    ],
    tmpdir(),
  )
  return {
    /** The process stops as if its machine hung. */
    freeze: () => child.signal('SIGSTOP'),
    kill: () => child.kill(),
    /** Resolves when the segment with this number can be had. */
    published: (number: number) =>
      eventually(
        () => `segment ${number} at ${origin} did not come: ${child.errors()}`,
        async () => {
          if (!child.isRunning()) throw new Error(`ffmpeg ended: ${child.errors()}`)
          const name = `chunk-stream0-${String(number).padStart(5, '0')}.m4s`
          return (await fetch(`${origin}/live/${name}`, { method: 'HEAD' })).ok
        },
      ),
  }
}

function words(text: string): string[] {
  return text.trim().split(/\s+/u)
}
