import type {
  ConnectionListener,
  NetFailure,
  NetFault,
  OpenConnection,
  OpenRequest,
  OpenResult,
} from '../plugin/net.ts'
import type { Call } from './call.ts'
import { connectTo, type ConnectParts, type Standing } from './connect.ts'
import { classify } from './fault.ts'

/** Bytes that wait for a peer that does not read. */
const MOST_UNSENT = 2 ** 20

/**
 * Opens a connection and hands it over. `open` holds how to end each connection that is open, for
 * the end of the process.
 */
export async function openConnection(
  parts: ConnectParts,
  call: Call,
  request: OpenRequest,
  open: Set<() => void>,
): Promise<OpenResult> {
  const standing = await connectTo(parts, call, request)
  if (!standing.ok) return standing
  // The caller may have given up in the same turn in which the connection came to stand.
  if (call.stopped !== undefined) {
    standing.socket.destroy()
    return call.stoppedFailure(standing.where)
  }
  return new Held(call, standing, request, open).connection
}

/** A socket with its listener, and the one end that it comes to. */
class Held {
  readonly connection: OpenConnection
  readonly #call: Call
  readonly #standing: Standing
  readonly #signal: AbortSignal | undefined
  readonly #mostUnsent: number
  readonly #open: Set<() => void>
  readonly #abort = () =>
    this.#fail('aborted', `the connection to ${this.#standing.where} was ended`)
  #listener: ConnectionListener | undefined
  #isOver = false
  /** An end that came before anybody listened. */
  #unheard: { readonly failure: NetFailure | undefined } | undefined

  constructor(call: Call, standing: Standing, request: OpenRequest, open: Set<() => void>) {
    this.#call = call
    this.#standing = standing
    this.#signal = request.signal
    this.#mostUnsent = request.maxUnsentBytes ?? MOST_UNSENT
    this.#open = open
    const { socket, address, where, certificateDays } = standing
    call.phase = 'body'
    socket.pause()
    socket.on('error', (error) => {
      const { fault, says } = classify(error, 'body', where)
      this.#fail(fault, says)
    })
    socket.once('end', () => this.#end(undefined))
    socket.once('close', () => this.#end(undefined))
    open.add(this.#abort)
    request.signal?.addEventListener('abort', this.#abort, { once: true })
    this.connection = {
      ok: true,
      address,
      timings: call.timings(),
      ...(certificateDays !== undefined && { certificateDays }),
      listen: (listener) => this.#listen(listener),
      write: (bytes) => this.#write(bytes),
      close: () => this.#release(),
    }
  }

  #listen(listener: ConnectionListener): void {
    this.#listener = listener
    const { socket } = this.#standing
    socket.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      this.#call.bytes += chunk.length
      listener.data(chunk)
    })
    socket.resume()
    if (this.#unheard !== undefined) listener.ended(this.#unheard.failure)
  }

  #write(bytes: Buffer): void {
    const { socket, where } = this.#standing
    if (this.#isOver || !socket.writable) return
    socket.write(bytes)
    if (socket.writableLength > this.#mostUnsent) {
      this.#fail('timeout', `${where} does not take what is sent to it`)
    }
  }

  #fail(fault: NetFault, says: string): void {
    this.#end(this.#isOver ? undefined : this.#call.failure(fault, says))
  }

  #end(failure: NetFailure | undefined): void {
    if (this.#isOver) return
    this.#release()
    if (this.#listener === undefined) this.#unheard = { failure }
    else this.#listener.ended(failure)
  }

  #release(): void {
    this.#isOver = true
    this.#open.delete(this.#abort)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#standing.socket.destroy()
  }
}
