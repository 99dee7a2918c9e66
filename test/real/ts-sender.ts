import { tmpdir } from 'node:os'
import { installed, startChild } from './child.ts'

/** The FFmpeg that is installed here; `undefined` where none is. */
export const ffmpegBinary = installed('/usr/bin/ffmpeg', '/usr/local/bin/ffmpeg')

/** A real sender: FFmpeg makes a moving picture (H.264) and a tone (AAC) and sends MPEG-TS to `output`. */
export function startSender(output: readonly string[], options: { readonly sound?: boolean } = {}) {
  if (ffmpegBinary === undefined) throw new Error('ffmpeg is not installed')
  const sound = options.sound !== false
  const args = [
    ...words('-hide_banner -loglevel error -nostdin'),
    ...words('-re -f lavfi -i testsrc2=size=256x144:rate=25'),
    ...(sound ? words('-re -f lavfi -i sine=frequency=440:sample_rate=48000') : []),
    ...words('-pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -threads 1'),
    ...words('-b:v 400k -g 25'),
    ...(sound ? words('-c:a aac -b:a 64k') : []),
    ...output,
  ]
  return startChild(ffmpegBinary, args, tmpdir())
}

function words(text: string): string[] {
  return text.split(' ')
}
