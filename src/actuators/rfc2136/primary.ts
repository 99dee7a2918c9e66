import type { Server } from '../../formats/dns/question.ts'
import { signTsig, verifyTsig, type TsigKey, type Verified } from '../../formats/dns/tsig.ts'
import type { ActuatorContext } from '../../plugin/actuator.ts'
import { messageIdOf } from '../../plugin/dns/spread.ts'

/** What the server said to one message, its signature verified. */
export interface Answer {
  /** As it was before it was signed. */
  readonly message: Buffer
  /** Response code (RFC 6895 section 2.3). */
  readonly code: number
}

/** `sent`: something may have reached the server. `retry`: the same may succeed later. */
export type Asked =
  | { readonly ok: true; readonly answers: readonly Answer[] }
  | { readonly ok: false; readonly sent: boolean; readonly retry: boolean; readonly says: string }

/** More than any answer about a few names. */
const mostBytes = 65_536

/** The server that takes the changes of a zone, asked over TCP and never without a signature. */
export class Primary {
  readonly #context: ActuatorContext
  readonly #server: Server
  readonly #key: TsigKey

  constructor(context: ActuatorContext, server: Server, key: TsigKey) {
    this.#context = context
    this.#server = server
    this.#key = key
  }

  /** An identity for a message. */
  messageId(): number {
    return messageIdOf(this.#context)
  }

  /**
   * Sends messages with distinct identities over one connection (RFC 7766 section 6.2.1.1) and takes
   * their answers in whatever order they come. It ends within `deadlineMs`.
   */
  async ask(messages: readonly Buffer[], deadlineMs: number, signal: AbortSignal): Promise<Asked> {
    const { clock, net } = this.#context
    const signed = messages.map((message) => signTsig(message, this.#key, clock.wall()))
    const { host, port, shown } = this.#server
    const result = await net.exchange({
      to: { host, port },
      payload: Buffer.concat(signed.map(({ message }) => framed(message))),
      deadlineMs,
      maxBytes: mostBytes,
      isComplete: (body) => framesOf(body).length >= messages.length,
      signal,
    })
    if (!result.ok) {
      const sent = result.phase !== 'dns' && result.phase !== 'connect'
      return { ok: false, sent, retry: true, says: result.says }
    }
    const frames = framesOf(result.body)
    const answers: Answer[] = []
    for (const { message, mac } of signed) {
      const frame = frames.find(
        (each) => each.length >= 12 && each.readUInt16BE(0) === message.readUInt16BE(0),
      )
      if (frame === undefined || (frame.readUInt16BE(2) & 0x8000) === 0) {
        const says = `${shown} closed the connection without an answer`
        return { ok: false, sent: true, retry: true, says }
      }
      const verified = verifyTsig(frame, this.#key, clock.wall(), mac)
      if (verified.result !== 'good') return this.#distrust(frame, verified)
      answers.push({ message: verified.message, code: verified.message.readUInt16BE(2) & 0xf })
    }
    return { ok: true, answers }
  }

  /** An answer that does not count, and whether it says by itself that nothing was written. */
  #distrust(frame: Buffer, verified: Exclude<Verified, { result: 'good' }>): Asked {
    const { shown } = this.#server
    const { name } = this.#key
    if (verified.result === 'forged') {
      const says = `an answer of ${shown} cannot be believed: ${verified.says}`
      return { ok: false, sent: true, retry: true, says }
    }
    if (verified.result === 'unsigned') {
      const code = frame.readUInt16BE(2) & 0xf
      const says = `${shown} answers ${codeName(code)} without a signature`
      return { ok: false, sent: code === 0, retry: false, says }
    }
    const reasons: Readonly<Record<string, string>> = {
      BADKEY: `does not know the TSIG key ${name}, or not with that algorithm`,
      BADSIG: `has another secret for the TSIG key ${name}`,
      BADTIME: `has another time${aheadOf(verified.aheadSeconds)}`,
    }
    const reason = reasons[verified.error] ?? `refuses the TSIG key ${name}`
    // The clock or the key of one side must be mended first: trying again changes nothing.
    return { ok: false, sent: false, retry: false, says: `${shown} ${reason} (${verified.error})` }
  }
}

/** Names of response codes (RFC 6895 section 2.3), as DNS people know them. */
export function codeName(code: number): string {
  const names = [
    'NOERROR',
    'FORMERR',
    'SERVFAIL',
    'NXDOMAIN',
    'NOTIMP',
    'REFUSED',
    'YXDOMAIN',
    'YXRRSET',
    'NXRRSET',
    'NOTAUTH',
    'NOTZONE',
  ]
  return names[code] ?? `code ${code}`
}

function aheadOf(seconds: number | undefined): string {
  if (seconds === undefined) return ''
  return `: its clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} ours`
}

/** A message as it goes over TCP (RFC 1035 section 4.2.2). */
function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** The whole messages of what came so far. */
function framesOf(body: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let at = 0
  while (at + 2 <= body.length) {
    const end = at + 2 + body.readUInt16BE(at)
    if (end > body.length) break
    frames.push(body.subarray(at + 2, end))
    at = end
  }
  return frames
}
