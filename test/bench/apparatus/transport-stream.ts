import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadClip } from '../../../src/lab/clip.ts'
import { Segments } from '../../../src/lab/segments.ts'

/** Segments of the lab's clip one after the other, until there are so many bytes. */
export async function transportStream(bytes: number): Promise<Buffer> {
  const source = new Segments(await loadClip())
  const look = { picture: 'test', sound: 'tone' } as const
  const parts: Buffer[] = []
  let length = 0
  for (let second = 0; length < bytes; second += 2) {
    const part = source.get({ rendition: '360p', look, second, seconds: 2 })
    parts.push(part)
    length += part.length
  }
  return Buffer.concat(parts)
}

/** So many seconds at a constant 1.2 Mbit/s with null packets, as broadcast encoders send; needs FFmpeg. */
export function constantStream(seconds: number, file: string): Buffer {
  const args = [
    '-hide_banner -loglevel error -nostdin -y',
    '-f lavfi -i testsrc2=size=256x144:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000',
    `-t ${seconds} -pix_fmt yuv420p -c:v libx264 -preset ultrafast -b:v 800k -maxrate 800k`,
    '-bufsize 400k -g 25 -c:a aac -b:a 96k -f mpegts -muxrate 1200000',
  ]
  execFileSync('ffmpeg', [...args.join(' ').split(' '), file])
  return readFileSync(file)
}
