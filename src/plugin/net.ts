/**
 * What plug-ins may do on the network. `src/net` implements it; a simulation passes a table.
 * Every call has one deadline and a byte cap, and never throws for what a peer does:
 * failures are values with the phase in which they happened.
 */
export interface Net {
  http(request: HttpRequest): Promise<HttpResult>
  /** Connects, writes `payload`, reads until the peer closes, the deadline or the cap. */
  exchange(request: ExchangeRequest): Promise<ExchangeResult>
  /** Connects, does the TLS handshake and waits for what the peer says first, as far as asked to. */
  connect(request: ConnectRequest): Promise<ConnectResult>
  /** Connects, does the TLS handshake, and keeps the connection for both sides to talk on. */
  open(request: OpenRequest): Promise<OpenResult>
  /** Sends one UDP datagram and waits for the one that answers it. It is never repeated. */
  datagram(request: DatagramRequest): Promise<DatagramResult>
  /** Listens for UDP datagrams, of a multicast group where the address is one. */
  receive(request: ReceiveRequest): Promise<ReceiveResult>
  /** Addresses of the name servers that this machine asks, such as `127.0.0.53` or `[::1]:5353`. */
  nameServers(): readonly string[]
}

export interface HttpRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** For the whole call, redirects included, in milliseconds. */
  readonly deadlineMs: number
  /** The body is cut here and marked `truncated`. Counted after decompression. */
  readonly maxBytes: number
  /** Default 5; 0 returns the redirect answer itself. */
  readonly maxRedirects?: number
  /** Connect to this address (`10.0.0.1` or `[::1]`), keeping Host and SNI of the URL. */
  readonly address?: string
  readonly family?: 4 | 6
  /** Offers HTTP/2 beside HTTP/1.1 in TLS (RFC 9113 section 3.2); the server chooses. */
  readonly http2?: boolean
  /**
   * Opens a new connection also where an idle one could be used: for verifying what a name points
   * to now, and for measuring every phase.
   */
  readonly fresh?: boolean
  readonly signal?: AbortSignal
  /**
   * Hears of the answer before its body comes, redirects that are followed left out; returning
   * `false` ends the transfer. With it a body may last as long as the caller likes.
   */
  readonly onAnswer?: (answer: HttpHead) => boolean | undefined
  /** Receives the decompressed body as it arrives; returning `false` ends the transfer. */
  readonly onChunk?: (chunk: Buffer) => boolean | undefined
  /** Keep the body out of the result, for callers that scan it in `onChunk`. */
  readonly discardBody?: boolean
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string
  /** What proves over TLS who asks, where the peer wants to know: PEM. Not shown to whom it redirects. */
  readonly client?: { readonly cert: string; readonly key: string }
  /** Files read anew at each request: a bearer token, and PEM certificates in place of `ca`. */
  readonly files?: { readonly bearer?: string; readonly ca?: string }
}

/** The beginning of an answer. */
export type HttpHead = Pick<HttpAnswer, 'status' | 'headers' | 'timings'>

export type NetPhase = 'dns' | 'connect' | 'tls' | 'request' | 'first-byte' | 'body' | 'redirect'

export type NetFault =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'not-found'
  | 'unreachable'
  | 'certificate'
  | 'protocol'
  | 'too-many-redirects'
  | 'aborted'
  /** The fault lies on our own side: no descriptors, no local port, no route, no memory. */
  | 'local'

export interface HttpTimings {
  /** Milliseconds each; absent on a reused connection where the phase did not happen. */
  readonly dns?: number
  readonly connect?: number
  readonly tls?: number
  /** From sending the request to the first byte of the answer. */
  readonly firstByte?: number
  /** From the call to the last byte (of the final answer when redirected). */
  readonly total: number
}

export interface HttpAnswer {
  readonly ok: true
  readonly status: number
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** Fields that came after the body (RFC 9110 section 6.5), named as headers are; absent without any. */
  readonly trailers?: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly bytes: number
  readonly truncated: boolean
  /** The URL that answered in the end, redirects followed. */
  readonly url: string
  readonly redirects: number
  readonly address?: string
  /** The protocol that the answer came by; absent where a network does not say. */
  readonly httpVersion?: 1.1 | 2
  readonly timings: HttpTimings
  /** Days until the peer's certificate expires; only over TLS. */
  readonly certificateDays?: number
}

export interface NetFailure {
  readonly ok: false
  readonly fault: NetFault
  readonly phase: NetPhase
  /** One redacted sentence: `connection refused by 127.0.0.1:8080`. */
  readonly says: string
  /** What was received before the failure. */
  readonly bytes: number
  readonly status?: number
  readonly timings: HttpTimings
}

export type HttpResult = HttpAnswer | NetFailure

export interface ExchangeRequest {
  /** A Unix socket path, or a host and port. */
  readonly to: { readonly socket: string } | { readonly host: string; readonly port: number }
  readonly payload: string | Buffer
  readonly deadlineMs: number
  readonly maxBytes: number
  readonly signal?: AbortSignal
  /** Says of what came so far whether it is the whole answer, for peers that do not close. */
  readonly isComplete?: (body: Buffer) => boolean
}

export type ExchangeResult =
  | { readonly ok: true; readonly body: Buffer; readonly truncated: boolean; readonly ms: number }
  | NetFailure

export interface ConnectRequest {
  /** A name or an address. */
  readonly host: string
  readonly port: number
  /** Connect to this address in place of what `host` resolves to. */
  readonly address?: string
  /** TLS, where present. Its certificate must be for `serverName`, by default `host`. */
  readonly tls?: {
    readonly serverName?: string
    /** PEM certificates to trust in place of the system's. */
    readonly ca?: string
  }
  /** Waits until the peer has said so many bytes by itself, or closed. Default 0: does not wait. */
  readonly bannerBytes?: number
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

export interface Connected {
  readonly ok: true
  readonly address: string
  /** What the peer said first; shorter than asked for where it closed. */
  readonly banner: Buffer
  /** `firstByte` is the time from the open connection to the first byte of the banner. */
  readonly timings: HttpTimings
  /** Days until the peer's certificate expires; only over TLS. */
  readonly certificateDays?: number
}

export type ConnectResult = Connected | NetFailure

export interface OpenRequest extends Omit<ConnectRequest, 'bannerBytes'> {
  /** For name look-up, TCP and TLS together, in milliseconds; what follows is the caller's to limit. */
  readonly deadlineMs: number
  /** Ends the opening, and the open connection too. */
  readonly signal?: AbortSignal
  /**
   * Bytes that were written and that the peer has not taken yet; beyond it the connection ends as
   * `timeout`. Default 1 MiB.
   */
  readonly maxUnsentBytes?: number
}

/** An open connection. Nobody limits how long it lives, or how much arrives, but its user. */
export interface OpenConnection {
  readonly ok: true
  readonly address: string
  readonly timings: HttpTimings
  /** Days until the peer's certificate expires; only over TLS. */
  readonly certificateDays?: number
  /** Begins reading; to be called once. Nothing is called after `close`. */
  listen(listener: ConnectionListener): void
  /** Sends; what is written after the end is dropped. */
  write(bytes: Buffer): void
  /** Ends the connection at once. */
  close(): void
}

export interface ConnectionListener {
  /** Whatever arrives, as it arrives. Must not throw. */
  data(chunk: Buffer): void
  /** The connection is over: the peer closed it, or it failed. Called once at most. */
  ended(failure: NetFailure | undefined): void
}

export type OpenResult = OpenConnection | NetFailure

export interface DatagramRequest {
  /** A name or an address; of a name, the first address is asked. */
  readonly host: string
  readonly port: number
  readonly payload: Buffer
  readonly deadlineMs: number
  /** Whether a datagram from the peer answers this one; others are passed over. Must not throw. */
  readonly isAnswer: (datagram: Buffer) => boolean
  readonly signal?: AbortSignal
}

export type DatagramResult =
  | { readonly ok: true; readonly body: Buffer; readonly address: string; readonly ms: number }
  | NetFailure

export interface ReceiveRequest {
  /** An address of this machine, `0.0.0.0` or `::` for all of them, or a multicast group. */
  readonly host: string
  readonly port: number
  /** For a group: join it on this interface, by name (`eth0`) or IPv4 address. The system's choice if absent. */
  readonly interface?: string
  /** Only datagrams from this address; a group is joined for it alone (RFC 4607). */
  readonly source?: string
  readonly onDatagram: (datagram: Buffer) => void
  /** Called once where receiving ends by a fault of this machine. */
  readonly onFault: (failure: NetFailure) => void
  /** For looking the name up and for joining, in milliseconds. */
  readonly deadlineMs: number
  /** Ends receiving. */
  readonly signal?: AbortSignal
}

export type ReceiveResult =
  | { readonly ok: true; readonly address: string; readonly port: number; close(): void }
  | NetFailure
