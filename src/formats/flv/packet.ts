/** What the body of one track in an audio or video message is. */
export interface MediaPacket {
  /** A FourCC of enhanced RTMP, or the name of a legacy codec such as `vp6` or `speex`. */
  readonly codec: string
  /**
   * `config` sets the decoder up, `frames` is coded picture or sound, `end` ends a sequence; `other`
   * is metadata, a seek command or a type that this code does not know.
   */
  readonly kind: 'config' | 'frames' | 'end' | 'other'
  /** Whether a decoder can begin here. Always true of sound. */
  readonly isKey: boolean
  /** 0 where the message has one track only. */
  readonly track: number
  /** Presentation minus decoding time in milliseconds, where the format carries it. */
  readonly compositionMs?: number
  /** Nanoseconds to add to the time stamp (ModEx TimestampOffsetNano). */
  readonly nanoOffset?: number
  /** Bytes after all headers: a view of the message. */
  readonly body: Buffer
}

export interface MediaPackets {
  readonly packets: readonly MediaPacket[]
  /** What ended reading early. */
  readonly problem?: string
}

/** A body that is empty says that a live source has nothing to send; that is no error. */
export const nothing: MediaPackets = { packets: [] }

/** What could be read before the message ended too soon. */
export function cut(packets: readonly MediaPacket[] = []): MediaPackets {
  return { packets, problem: 'the message ends inside its header' }
}
