import { afterEach, describe, expect, it } from 'vitest'
import dns from '../../probes/dns.ts'
import { session } from '../probes/look-once.ts'
import { bindVersion, startBind } from './bind-process.ts'

const version = bindVersion()
if (version === undefined) process.stderr.write('skipped: BIND 9 or nsupdate is not installed\n')

const running: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of running.splice(0)) await each.close()
})

async function start(options?: Parameters<typeof startBind>[0]) {
  const bind = await startBind(options)
  running.push(bind)
  return bind
}

const url = 'dns://live.changeover.test?type=A'

describe.skipIf(version === undefined)(`the dns probe before a real BIND ${version}`, () => {
  it('sees that primary and secondary agree, with the TTL of the record', async () => {
    const { servers } = await start()

    const seen = await session(dns, { url, servers, expect: ['192.0.2.1'] })()

    expect(seen).toMatchObject({
      outcome: 'pass',
      findings: [],
      measurements: {
        dns_servers: 2,
        dns_servers_failed: 0,
        dns_servers_disagreeing: 0,
        dns_answers: 1,
        dns_converged_ratio: 1,
        dns_ttl_seconds: 30,
      },
    })
  })

  it('measures how an update converges to the secondary', async () => {
    const bind = await start()
    const { servers } = bind
    const look = session(dns, { url, servers, expect: ['192.0.2.2'] })
    const before = await look()

    const changedAt = performance.now()
    bind.update(
      'update delete live.changeover.test. A',
      'update add live.changeover.test. 20 A 192.0.2.2',
    )
    let seen = await look()
    while (seen.measurements['dns_converged_ratio'] !== 1) {
      if (performance.now() - changedAt > 10_000) throw new Error(seen.reason)
      seen = await look()
    }

    expect(before).toMatchObject({ outcome: 'fail', diagnosis: 'wrong-content' })
    expect(before.measurements['dns_converged_ratio']).toBe(0)
    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_ttl_seconds: 20 } })
    // With notify-delay 0 it takes some ten milliseconds; the default of BIND is five seconds.
    expect(performance.now() - changedAt).toBeLessThan(3_000)
  })

  it('names the secondary that missed a change', async () => {
    const bind = await start({ isSecondaryDeaf: true })
    const { servers } = bind
    const look = session(dns, { url, servers, expect: ['192.0.2.2'] })

    bind.update(
      'update delete live.changeover.test. A',
      'update add live.changeover.test. 20 A 192.0.2.2',
    )
    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { dns_servers_disagreeing: 1, dns_converged_ratio: 0.5 },
      findings: [{ code: 'servers-disagree' }],
    })
    expect(seen.findings[0]?.says).toContain(`${servers[1]} answers 192.0.2.1`)
  })

  it('goes on while one of two servers is dead, and fails when both are', async () => {
    const { servers, primary, secondary } = await start()
    const look = session(dns, { url, servers, timeout: '500ms' })
    await primary.kill()

    const half = await look()
    await secondary.kill()
    const dead = await look()

    expect(half).toMatchObject({ outcome: 'pass', measurements: { dns_servers_failed: 1 } })
    expect(dead).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(dead.reason).toContain('connection refused')
  })

  it('waits no longer than it may for a server that hangs', async () => {
    const { servers, secondary } = await start()
    const look = session(dns, { url, servers, timeout: '400ms' })
    secondary.signal('SIGSTOP')

    const startedAt = performance.now()
    const seen = await look()

    expect(performance.now() - startedAt).toBeLessThan(800)
    expect(seen.measurements).toMatchObject({ dns_servers_failed: 1, dns_answers: 1 })
    expect(seen.findings).toMatchObject([{ says: `${servers[1]} does not answer.` }])
  })

  it('takes the whole of a long answer over TCP', async () => {
    const { servers } = await start()

    const seen = await session(dns, { url: 'dns://many.changeover.test', servers })()

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_answers: 90 } })
  })

  it('takes an alias out of the zone for the answer', async () => {
    const { servers } = await start()
    const options = { url: 'dns://alias.changeover.test', servers, expect: ['edge.cdn.test'] }

    const seen = await session(dns, options)()

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_converged_ratio: 1 } })
  })

  it('tells a missing name from a server of another zone', async () => {
    const { servers } = await start()

    const missing = await session(dns, { url: 'dns://no.changeover.test', servers })()
    const foreign = await session(dns, { url: 'dns://live.other.test', servers })()

    expect(missing).toMatchObject({ outcome: 'fail', diagnosis: 'not-found' })
    expect(foreign).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(foreign.reason).toContain('answers REFUSED')
  })
})
