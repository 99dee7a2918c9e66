import type { MeasurementDeclaration } from '../../core/sample.ts'

/** What deep looks measure, for every probe that makes them. */
export const deepMeasures: readonly MeasurementDeclaration[] = [
  {
    name: 'picture_black_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How long the picture has been black, from its first black key frame to the newest one; 0 where it is not. Only with `deep`.',
  },
  {
    name: 'picture_frozen_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How long the picture has not moved, over three key frames or more; 0 where it moves or is black. Only with `deep`.',
  },
  {
    name: 'picture_dark_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Share of the pixels of the newest key frame that are dark. Only with `deep`.',
  },
  {
    name: 'sound_silent_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'How long the sound has been below -60 dBFS; 0 where it is not. Only with `deep`.',
  },
  {
    name: 'sound_rms_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Root mean square of the sound of the newest piece by full scale; -60 dBFS is 0.001. Only with `deep`.',
  },
]
