import type { Settings } from '../core/settings.ts'

export type Profile = Settings['profile']

/** The defaults that a profile decides, written as in the file. */
export interface ProfileDefaults {
  readonly every: string
  readonly for: string
  readonly clear_for: string
  readonly stale_after: string
  readonly verify_for: string
  readonly holddown: string
  readonly changes: number
  readonly per: string
  readonly stable_for: string
  readonly half_life: string
  readonly page_after: string
  readonly blast_per: string
}

const standard: ProfileDefaults = {
  every: '5s',
  for: '15s',
  clear_for: '60s',
  stale_after: '15s',
  verify_for: '30s',
  holddown: '120s',
  changes: 3,
  per: '1h',
  stable_for: '10m',
  half_life: '15m',
  page_after: '30s',
  blast_per: '5m',
}

/**
 * Defaults by profile. `default` is what the simulator proves. `broadcast` looks every second.
 * `demo` is fast enough to watch and is meant for nothing else.
 */
export const profiles: Readonly<Record<Profile, ProfileDefaults>> = {
  default: standard,
  broadcast: { ...standard, every: '1s', for: '3s', clear_for: '30s', stale_after: '5s' },
  demo: {
    every: '500ms',
    for: '1s',
    clear_for: '5s',
    stale_after: '3s',
    verify_for: '3s',
    holddown: '10s',
    changes: 10,
    per: '3m',
    stable_for: '15s',
    half_life: '20s',
    page_after: '3s',
    blast_per: '10s',
  },
}

/** The names of the profiles, the default one first. */
export const profileNames = ['default', 'broadcast', 'demo'] as const satisfies readonly Profile[]
