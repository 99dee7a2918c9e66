import type { Look } from '../clip.ts'
import type { View } from '../wanted.ts'
import type { FaultKind } from './fault-kind.ts'

function showing(view: View, change: Partial<Look>): View {
  return { ...view, look: { ...view.look, ...change } }
}

/** Faults of the programme itself: another moment, another picture, another sound. */
export const viewFaults = {
  freeze: {
    says: 'The media playlist stops moving; what it lists stays fetchable.',
    on: ['playlist', 'segment'],
    view: (view, since) => ({ ...view, at: Math.min(view.at, since) }),
  },
  black: {
    says: 'Segments carry a black picture; sound and time stamps go on.',
    on: ['segment'],
    view: (view) => showing(view, { picture: 'black' }),
  },
  silence: {
    says: 'Segments carry silence; picture and time stamps go on.',
    on: ['segment'],
    view: (view) => showing(view, { sound: 'silence' }),
  },
} as const satisfies Record<string, FaultKind>
