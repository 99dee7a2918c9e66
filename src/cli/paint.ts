import { styleText } from 'node:util'
import type { Health } from '../core/health.ts'
import type { Io } from './io.ts'

const tones = {
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  quiet: 'dim',
  strong: 'bold',
  key: 'cyan',
} as const

/** What a stretch of text means; colour only repeats what the words say. */
export type Tone = keyof typeof tones

export type Paint = (tone: Tone, text: string) => string

/** Colours text where the output takes colour, and leaves it alone otherwise. */
export function painter({ color }: Pick<Io, 'color'>): Paint {
  if (!color) return (_tone, text) => text
  return (tone, text) => styleText(tones[tone], text, { validateStream: false })
}

const shapes: Readonly<Record<Health, { readonly mark: string; readonly tone: Tone }>> = {
  up: { mark: '●', tone: 'good' },
  degraded: { mark: '◐', tone: 'warn' },
  contested: { mark: '◇', tone: 'warn' },
  down: { mark: '✖', tone: 'bad' },
  unknown: { mark: '?', tone: 'quiet' },
}

/** Health as a shape and a word, so that nobody needs the colour. */
export function healthMark(health: Health, paint: Paint): string {
  const { mark, tone } = shapes[health]
  return paint(tone, `${mark} ${health}`)
}
