import type { MeasurementDeclaration } from '../../src/core/sample.ts'

/** What the HTTP probe measures. Times are those of the answer where redirects ended. */
export const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'http_status',
    kind: 'gauge',
    unit: 'count',
    help: 'The status code of the answer.',
  },
  {
    name: 'http_version',
    kind: 'gauge',
    unit: 'count',
    help: 'Version of HTTP by which the answer came: 1.1 or 2.',
  },
  {
    name: 'http_redirects',
    kind: 'gauge',
    unit: 'count',
    help: 'Redirects that were followed to the answer.',
  },
  {
    name: 'http_dns_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to look the name up; absent for an address.',
  },
  { name: 'http_connect_seconds', kind: 'gauge', unit: 'seconds', help: 'TCP connect time.' },
  {
    name: 'http_tls_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time of the TLS handshake; absent without TLS.',
  },
  {
    name: 'http_first_byte_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time from the request to the first byte of the answer.',
  },
  {
    name: 'http_total_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time from the start of the look to the last byte that was read.',
  },
  {
    name: 'content_bytes',
    kind: 'gauge',
    unit: 'bytes',
    help: 'Bytes of the body that were read, after decompression.',
  },
  {
    name: 'content_age_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: "Age of the content: the server's clock (else ours) minus Last-Modified.",
  },
  {
    name: 'certificate_days',
    kind: 'gauge',
    unit: 'days',
    help: 'Days until the certificate of the server expires.',
  },
]
