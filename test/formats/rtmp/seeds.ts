import { readFileSync } from 'node:fs'

/** The fuzz seeds of another implementation whose name begins so, with their bytes. */
export function seeds(prefix: string): readonly (readonly [name: string, bytes: Buffer])[] {
  const file = new URL('../../fixtures/rtmp/fuzz-seeds.json', import.meta.url)
  const all = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
  return Object.entries(all)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, hex]) => [name, Buffer.from(hex, 'hex')])
}
