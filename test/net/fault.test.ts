import { describe, expect, it } from 'vitest'
import type { NetPhase } from '../../src/plugin/net.ts'
import { classify, ownSideErrors } from '../../src/net/fault.ts'

function error(code: string): Error {
  return Object.assign(new Error(`${code} https://user:pass@host/?token=secret`), { code })
}

describe('the fault of an error', () => {
  it.each<[string, NetPhase, string]>([
    ['EMFILE', 'connect', 'local'],
    ['ENFILE', 'connect', 'local'],
    ['EADDRNOTAVAIL', 'connect', 'local'],
    ['ENOMEM', 'connect', 'local'],
    ['ENOBUFS', 'body', 'local'],
    ['EACCES', 'connect', 'local'],
    ['EMFILE', 'dns', 'local'],
    ['EAI_MEMORY', 'dns', 'local'],
    ['EINVAL', 'connect', 'local'],
    ['ENETUNREACH', 'connect', 'unreachable'],
    ['EHOSTUNREACH', 'connect', 'unreachable'],
    ['ENOTFOUND', 'dns', 'not-found'],
    ['EAI_AGAIN', 'dns', 'unreachable'],
    ['ECONNREFUSED', 'connect', 'refused'],
    ['ECONNRESET', 'tls', 'reset'],
    ['EPIPE', 'request', 'reset'],
    ['ETIMEDOUT', 'body', 'timeout'],
    ['CERT_HAS_EXPIRED', 'tls', 'certificate'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', 'certificate'],
    ['CERT_CHAIN_TOO_LONG', 'tls', 'certificate'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', 'protocol'],
    ['HPE_INVALID_CONSTANT', 'first-byte', 'protocol'],
  ])('%s in phase %s is %s', (code, phase, fault) => {
    const judged = classify(error(code), phase, 'a.example:443')

    expect(judged.fault).toBe(fault)
    expect(judged.says).toContain('a.example:443')
    expect(judged.says).not.toMatch(/secret|pass/)
  })

  it('is our own where the kernel had no route before anything was sent', () => {
    const noRoute = error('EHOSTUNREACH')
    ownSideErrors.add(noRoute)

    expect(classify(noRoute, 'connect', 'a.example:443')).toEqual({
      fault: 'local',
      says: 'no route from this machine to a.example:443 (EHOSTUNREACH)',
    })
  })

  it('is one of the protocol for what is no error at all', () => {
    expect(classify('odd', 'first-byte', 'a.example:80').fault).toBe('protocol')
  })
})
