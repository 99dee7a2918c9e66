import { z } from 'zod'
import type { Measurements, MeasurementDeclaration, Observation } from '../src/core/sample.ts'
import type { ConnectResult, HttpTimings } from '../src/plugin/net.ts'
import { duration, secretUrl } from '../src/plugin/option-types.ts'
import type { ProbePlugin } from '../src/plugin/probe.ts'

const options = z.strictObject({
  url: secretUrl('tcp', 'tls')
    .refine((text) => Number(URL.parse(text)?.port) > 0, 'expected a port, as in tcp://host:1935')
    .describe('Host and port: `tcp://host:1935`, or with a TLS handshake `tls://host:443`.'),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Connect to this IP address instead of what DNS says.'),
  server_name: z
    .hostname()
    .optional()
    .describe(
      'Name that TLS asks for (SNI) and that the certificate must bear. The host if absent.',
    ),
  banner: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'What the server must say first by itself, such as `220 `. Not waited for if absent.',
    ),
  timeout: duration('200ms', '30s').default(4_000).describe('The most that one look may take.'),
})

const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'tcp_dns_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to look the name up; absent for an address.',
  },
  { name: 'tcp_connect_seconds', kind: 'gauge', unit: 'seconds', help: 'TCP connect time.' },
  {
    name: 'tcp_tls_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time of the TLS handshake; absent without TLS.',
  },
  {
    name: 'tcp_banner_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time from the open connection to the first byte of the banner.',
  },
  {
    name: 'certificate_days',
    kind: 'gauge',
    unit: 'days',
    help: 'Days until the certificate of the server expires.',
  },
]

/** One new connection at each look, ended as soon as it has shown what was asked for. */
export default {
  type: 'tcp',
  summary:
    'Connects to a TCP port, with TLS where asked, and checks certificate and greeting of the server.',
  options,
  measures,
  async *observe(settings, { due, everyMs, net, signal }) {
    const { address, server_name: serverName } = settings
    const { protocol, hostname: host, port } = new URL(settings.url)
    const banner = settings.banner === undefined ? undefined : Buffer.from(settings.banner)
    for await (const _ of due) {
      if (signal.aborted) return
      const result = await net.connect({
        host,
        port: Number(port),
        deadlineMs: Math.min(settings.timeout, Math.max(2_000, everyMs)),
        signal,
        ...(address !== undefined && { address }),
        ...(banner !== undefined && { bannerBytes: banner.length }),
        ...(protocol === 'tls:' && { tls: serverName === undefined ? {} : { serverName } }),
      })
      yield judge(result, banner, `${host}:${port}`)
    }
  },
} satisfies ProbePlugin<typeof options>

function judge(result: ConnectResult, banner: Buffer | undefined, where: string): Observation {
  const measurements = { ...phases(result.timings), ...certificate(result) }
  if (!result.ok) {
    const reason = `No connection as it should be (${result.phase}): ${result.says}.`
    if (result.fault === 'local' || result.fault === 'aborted') {
      return { outcome: 'unknown', reason, measurements, findings: [] }
    }
    return { outcome: 'fail', reason, diagnosis: 'unreachable', measurements, findings: [] }
  }
  if (banner === undefined || result.banner.equals(banner)) {
    return { outcome: 'pass', measurements, findings: [] }
  }
  const reason = `${where} greets with something else than the expected banner.`
  return { outcome: 'fail', reason, diagnosis: 'wrong-content', measurements, findings: [] }
}

function certificate(result: ConnectResult): Measurements {
  if (!result.ok || result.certificateDays === undefined) return {}
  return { certificate_days: result.certificateDays }
}

function phases({ dns, connect, tls, firstByte }: HttpTimings): Measurements {
  return {
    ...(dns !== undefined && { tcp_dns_seconds: dns / 1_000 }),
    ...(connect !== undefined && { tcp_connect_seconds: connect / 1_000 }),
    ...(tls !== undefined && { tcp_tls_seconds: tls / 1_000 }),
    ...(firstByte !== undefined && { tcp_banner_seconds: firstByte / 1_000 }),
  }
}
