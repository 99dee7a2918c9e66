/** The only version there is (RTMP 1.0, section 5.2.2). */
const VERSION = 3
/** C1, C2, S1 and S2 alike (sections 5.2.3 and 5.2.4). */
const PACKET = 1_536

/** How the bytes of the other side are judged. */
export type HandshakeStep =
  | { readonly done: false }
  | { readonly done: true; readonly answer: Buffer; readonly rest: Buffer }
  | { readonly done: false; readonly problem: string }

/**
 * C0 and C1 of the plain handshake. `random` gives bytes that tell connections apart; the four zero
 * bytes after the time say that no digest follows, which old Flash servers would look for.
 */
export function helloBytes(random: () => number): Buffer {
  const hello = Buffer.alloc(1 + PACKET)
  hello[0] = VERSION
  for (let at = 9; at < hello.length; at += 1) hello[at] = Math.floor(random() * 256)
  return hello
}

/** The caller's side: waits for S0, S1 and S2, and answers with C2. */
export class CallerHandshake {
  #bytes: Buffer = Buffer.alloc(0)

  /** Takes what arrived. `rest` of the last step is what came after the handshake. */
  push(bytes: Buffer): HandshakeStep {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
    const [version] = this.#bytes
    if (version !== undefined && version !== VERSION) {
      return { done: false, problem: notRtmp(this.#bytes) }
    }
    // What S2 repeats of C1 is not judged: servers differ, and nothing depends on it.
    if (this.#bytes.length < 1 + 2 * PACKET) return { done: false }
    const answer = Buffer.from(this.#bytes.subarray(1, 1 + PACKET))
    return { done: true, answer, rest: this.#bytes.subarray(1 + 2 * PACKET) }
  }
}

/** The listener's side: waits for C0 and C1, answers with S0, S1 and S2, and waits for C2. */
export class ListenerHandshake {
  readonly #random: () => number
  #bytes: Buffer = Buffer.alloc(0)
  #hasAnswered = false

  constructor(random: () => number) {
    this.#random = random
  }

  /** Takes what arrived; `answer` of a step is to be sent. Empty where there is nothing to send. */
  push(
    bytes: Buffer,
  ): { readonly answer: Buffer; readonly rest?: Buffer } | { readonly problem: string } {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    const [version] = this.#bytes
    if (version !== undefined && version !== VERSION) return { problem: notRtmp(this.#bytes) }
    let answer: Buffer = Buffer.alloc(0)
    if (!this.#hasAnswered && this.#bytes.length >= 1 + PACKET) {
      this.#hasAnswered = true
      answer = Buffer.concat([helloBytes(this.#random), this.#bytes.subarray(1, 1 + PACKET)])
    }
    if (this.#bytes.length < 1 + 2 * PACKET) return { answer }
    return { answer, rest: this.#bytes.subarray(1 + 2 * PACKET) }
  }
}

function notRtmp(bytes: Buffer): string {
  if (bytes.toString('latin1', 0, 5) === 'HTTP/') return 'it speaks HTTP'
  if (bytes[0] === 0x15 || bytes[0] === 0x16) return 'it speaks TLS'
  return `its first byte is ${bytes[0]} where RTMP says ${VERSION}`
}
