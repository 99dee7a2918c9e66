import type { NetFault, NetPhase } from '../plugin/net.ts'

/** What went wrong on a connection, as a fault and a sentence without secrets. */
export interface Fault {
  readonly fault: NetFault
  readonly says: string
}

/** Errors that `connect(2)` gave by itself, before any packet could have been answered. */
export const ownSideErrors = new WeakSet<Error>()

interface SystemError extends Error {
  readonly code?: unknown
}

/** Our own limits, from errno(3) and getaddrinfo(3). */
const OWN_LIMITS: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no free file descriptors',
  ENFILE: 'this machine has no free file descriptors',
  EADDRNOTAVAIL: 'this machine has no free local port or no address of that family',
  EADDRINUSE: 'this machine has no free local port',
  ENOMEM: 'this machine has no free memory',
  ENOBUFS: 'this machine has no free network buffers',
  EACCES: 'this machine forbids the connection',
  EPERM: 'this machine forbids the connection',
  EAFNOSUPPORT: 'this machine does not have that address family',
  ENETDOWN: 'the network of this machine is down',
  EAI_MEMORY: 'this machine has no free memory for the name look-up',
  EAI_SYSTEM: 'the name look-up failed on this machine',
}

const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not yet valid',
  CERT_REVOKED: 'is revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a self-signed certificate in its chain',
  UNABLE_TO_GET_ISSUER_CERT: 'has an issuer that cannot be found',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has an issuer that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'comes without the chain that would prove it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
}

/** Maps an error of a socket, the resolver, TLS or undici to a fault. `where` is host and port. */
export function classify(error: unknown, phase: NetPhase, where: string): Fault {
  const known = error instanceof Error ? (error as SystemError) : new Error(String(error))
  const code = codeOf(known)
  const limit = OWN_LIMITS[code]
  if (limit !== undefined) return { fault: 'local', says: `${limit} (${code}), for ${where}` }
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') {
    // Only the kernel itself can answer before anything was sent. A later one came from a router,
    // or from a neighbour that does not answer: then the peer is gone, not we.
    if (ownSideErrors.has(known)) {
      return { fault: 'local', says: `no route from this machine to ${where} (${code})` }
    }
    return { fault: 'unreachable', says: `${where} cannot be reached (${code})` }
  }
  if (phase === 'dns') return lookUpFault(code, where)
  const certificate = CERTIFICATE[code]
  if (certificate !== undefined || (phase === 'tls' && /CERT|CRL|ISSUER/.test(code))) {
    return { fault: 'certificate', says: `the certificate of ${where} ${certificate ?? code}` }
  }
  return peerFault(known, code, phase, where)
}

function codeOf(error: SystemError): string {
  return typeof error.code === 'string' ? error.code : error.name
}

function lookUpFault(code: string, where: string): Fault {
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EAI_NODATA') {
    return { fault: 'not-found', says: `the name of ${where} does not exist` }
  }
  return { fault: 'unreachable', says: `the name of ${where} could not be looked up (${code})` }
}

function peerFault(error: Error, code: string, phase: NetPhase, where: string): Fault {
  switch (code) {
    case 'ECONNREFUSED':
      return { fault: 'refused', says: `connection refused by ${where}` }
    case 'ENOENT':
      return { fault: 'not-found', says: `there is no socket at ${where}` }
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_INFO':
    case 'UND_ERR_DESTROYED':
      return { fault: 'reset', says: `${where} closed the connection ${whenIn(phase)}` }
    case 'ETIMEDOUT':
      return { fault: 'timeout', says: `${where} stopped answering ${whenIn(phase)}` }
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { fault: 'protocol', says: `${where} sent headers beyond 16 KiB` }
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      // undici gives it also for two lengths that contradict each other, before any body.
      if (phase !== 'body') return { fault: 'protocol', says: `${where} does not speak HTTP/1.1` }
      return { fault: 'reset', says: `${where} closed the connection ${whenIn(phase)}` }
    case 'HPE_INVALID_EOF_STATE':
      return { fault: 'reset', says: `${where} closed the connection ${whenIn(phase)}` }
    case 'BAD_ENCODING':
      return { fault: 'protocol', says: `the answer of ${where} cannot be decompressed` }
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
      return { fault: 'protocol', says: `the request to ${where} is not valid: ${error.message}` }
    default:
      // Such as EINVAL for an address that can never be connected to.
      if (phase === 'connect') {
        return { fault: 'local', says: `this machine cannot connect to ${where} (${code})` }
      }
      if (phase === 'tls') return { fault: 'protocol', says: `${where} failed in TLS (${code})` }
      return { fault: 'protocol', says: `${where} does not speak HTTP/1.1 (${code})` }
  }
}

function whenIn(phase: NetPhase): string {
  switch (phase) {
    case 'tls':
      return 'during the TLS handshake'
    case 'body':
      return 'inside the answer'
    case 'request':
    case 'first-byte':
      return 'without an answer'
    case 'dns':
    case 'connect':
    case 'redirect':
      return 'early'
  }
}
