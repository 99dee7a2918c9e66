import type { Diagnosis } from '../../src/core/diagnosis.ts'

/** How far a call came, from what the program says; its exit code is 0 whatever happened. */
export interface SrtProgress {
  readonly isConnected: boolean
  /** The reason of a refusal, of a closed list. */
  readonly refusal: Refusal | undefined
}

/** Why a handshake ended, in words, with the diagnosis. */
export interface Refusal {
  readonly says: string
  readonly diagnosis: Diagnosis
}

/** The reasons of libsrt (`srt_rejectreason_str`), and what they mean for people. */
const refusals: readonly (readonly [RegExp, Refusal])[] = [
  [
    /incorrect passphrase/iu,
    { says: 'the passphrase is not the one of the listener', diagnosis: 'access-refused' },
  ],
  [
    /password required or unexpected/iu,
    {
      says: 'one side has a passphrase and the other has none',
      diagnosis: 'access-refused',
    },
  ],
  [
    /peer rejected|rejected by|application-defined|predefined|unauthorized|forbidden/iu,
    { says: 'the listener refuses this caller or its stream id', diagnosis: 'access-refused' },
  ],
  [
    /backlog exceeded|resource allocation/iu,
    { says: 'the listener has no room for another caller', diagnosis: 'unreachable' },
  ],
  [
    /version too old|rogue peer|collision|filter settings|group settings/iu,
    { says: 'the listener speaks SRT with other settings', diagnosis: 'wrong-content' },
  ],
]

const rejected = /REJECT reported from HS processing: ([^\r\n]{0,200})[\r\n]/u
/** Enough for what matters; the program may go on talking for weeks. */
const mostText = 8_192

/** Follows what the program says. It repeats the passphrase there, so nothing of it is handed on. */
export class SrtSpeech {
  #text = ''
  #progress: SrtProgress = { isConnected: false, refusal: undefined }

  get progress(): SrtProgress {
    return this.#progress
  }

  push(text: string): void {
    this.#text = (this.#text + text).slice(-mostText)
    const reason = rejected.exec(this.#text)?.[1]
    const refusal =
      reason === undefined
        ? undefined
        : (refusals.find(([pattern]) => pattern.test(reason))?.[1] ?? {
            says: 'the handshake was refused',
            diagnosis: 'unreachable',
          })
    this.#progress = {
      isConnected: this.#progress.isConnected || this.#text.includes('SRT source connected'),
      refusal: this.#progress.refusal ?? refusal,
    }
  }
}
