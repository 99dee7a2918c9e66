import { tmpdir } from 'node:os'
import { eventually, installed, startChild } from './child.ts'

/** The FFmpeg that is installed here; `undefined` where none is. */
export const ffmpegBinary = installed('/usr/bin/ffmpeg', '/usr/local/bin/ffmpeg')

/**
 * A real encoder: FFmpeg publishes a moving test picture (H.264) with a tone (AAC) as live HLS below
 * `origin`/live/, one second to a segment. Media sequence numbers are seconds of the Unix epoch, so
 * those of encoders that start together agree.
 */
export function startEncoder(origin: string, { tone }: { readonly tone: number }) {
  if (ffmpegBinary === undefined) throw new Error('ffmpeg is not installed')
  const child = startChild(
    ffmpegBinary,
    words(`
      -hide_banner -loglevel error -nostdin
      -re -f lavfi -i testsrc2=size=256x144:rate=25
      -re -f lavfi -i sine=frequency=${tone}:sample_rate=48000
      -map 0:v -map 1:a -pix_fmt yuv420p
      -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -b:v 300k
      -g 25 -keyint_min 25 -sc_threshold 0
      -c:a aac -b:a 64k
      -f hls -hls_time 1 -hls_list_size 12 -hls_delete_threshold 6
      -hls_start_number_source epoch
      -hls_flags delete_segments+program_date_time+independent_segments
      -method PUT -timeout 2 -ignore_io_errors 1
      -master_pl_name main.m3u8
      -hls_segment_filename ${origin}/live/seg-%d.ts ${origin}/live/live.m3u8`),
    tmpdir(),
  )
  return {
    isRunning: child.isRunning,
    errors: child.errors,
    /** The process stops as if its machine hung: connections stay open and nothing more comes. */
    freeze: () => child.signal('SIGSTOP'),
    thaw: () => child.signal('SIGCONT'),
    kill: () => child.kill(),
    /** Resolves when as many segments can be played. */
    published: (segments: number) =>
      eventually(
        () => `${segments} segments at ${origin} did not come: ${child.errors()}`,
        async () => {
          if (!child.isRunning()) throw new Error(`ffmpeg ended: ${child.errors()}`)
          const answer = await fetch(`${origin}/live/live.m3u8`)
          return (await answer.text()).split('#EXTINF').length > segments
        },
      ),
  }
}

function words(text: string): string[] {
  return text.trim().split(/\s+/u)
}
