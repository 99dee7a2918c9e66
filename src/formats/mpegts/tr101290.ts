/**
 * The indicators of ETSI TR 101 290 V1.4.1 section 5.2 (tables 5.0a to 5.0c) by number: the name
 * that the standard gives, and the condition as it is judged here.
 */
export const indicators = {
  '1.1': { name: 'TS_sync_loss', says: 'two sync bytes in a row are wrong after five were right' },
  '1.2': { name: 'Sync_byte_error', says: 'a sync byte is not 0x47' },
  '1.3a': {
    name: 'PAT_error_2',
    says: 'no PAT on PID 0 for 0.5 s, another table there, or scrambled',
  },
  '1.4': {
    name: 'Continuity_count_error',
    says: 'packets of a PID are lost, out of order or sent more than twice',
  },
  '1.5a': {
    name: 'PMT_error_2',
    says: 'no PMT for 0.5 s on a PID that the PAT names, or scrambled',
  },
  '1.6': {
    name: 'PID_error',
    says: 'a PMT, clock, picture or sound PID that the tables name is absent for 5 s',
  },
  '2.1': { name: 'Transport_error', says: 'a packet says itself that it is damaged' },
  '2.2': { name: 'CRC_error', says: 'a PAT, CAT or PMT section has a wrong checksum' },
  '2.3a': { name: 'PCR_repetition_error', says: 'more than 100 ms between two clock references' },
  '2.3b': {
    name: 'PCR_discontinuity_indicator_error',
    says: 'two clock references differ by less than 0 or more than 100 ms, unannounced',
  },
  '2.5': { name: 'PTS_error', says: 'no presentation time on a picture or sound PID for 700 ms' },
  '2.6': { name: 'CAT_error', says: 'scrambled packets without a CAT, or another table on PID 1' },
} as const satisfies Record<string, { readonly name: string; readonly says: string }>

/** 2.4 (PCR_accuracy_error, ±500 ns) is not among them: it takes arrival times from hardware. */
export type IndicatorId = keyof typeof indicators

/** The limits of the standard in milliseconds; 5 s for 1.6 is the user's choice there. */
export const limitsMs = { pat: 500, pmt: 500, pid: 5_000, pcr: 100, pts: 700, cat: 500 } as const

/**
 * Whose time the timers of 1.3a, 1.5a, 1.6, 2.3a, 2.5 and 2.6 run on: the program clock in the
 * stream, where bytes come in bursts (HTTP), or the arrival of packets (UDP, RTP, SRT).
 */
export type TimeBase = 'pcr' | 'arrival'

/** Something that must come again within a limit; each gap counts once, as soon as it is too long. */
export class Recurrence {
  readonly #limitMs: number
  #last: number
  #isLate = false
  #errors = 0

  constructor(limitMs: number, now: number) {
    this.#limitMs = limitMs
    this.#last = now
  }

  get isLate(): boolean {
    return this.#isLate
  }

  get errors(): number {
    return this.#errors
  }

  /** It came at `now` (milliseconds). */
  seen(now: number): void {
    this.check(now)
    this.#isLate = false
    this.#last = now
  }

  /** Whether it should have come by `now`. */
  check(now: number): void {
    if (this.#isLate || now - this.#last <= this.#limitMs) return
    this.#isLate = true
    this.#errors++
  }
}
