import type { MeasurementDeclaration } from '../../src/core/sample.ts'

/** What the DNS probe measures. */
export const measures: readonly MeasurementDeclaration[] = [
  {
    name: 'dns_servers',
    kind: 'gauge',
    unit: 'count',
    help: 'Authoritative servers that were asked.',
  },
  {
    name: 'dns_servers_failed',
    kind: 'gauge',
    unit: 'count',
    help: 'Authoritative servers that did not answer, or not for this zone.',
  },
  {
    name: 'dns_servers_disagreeing',
    kind: 'gauge',
    unit: 'count',
    help: 'Authoritative servers whose answer is not the one that most give.',
  },
  {
    name: 'dns_answers',
    kind: 'gauge',
    unit: 'count',
    help: 'Values in the answer that most authoritative servers give.',
  },
  {
    name: 'dns_converged_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Share of the authoritative servers asked that answer exactly what is expected.',
  },
  {
    name: 'dns_resolvers_converged_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'Share of the resolvers asked that answer exactly what is expected.',
  },
  {
    name: 'dns_resolvers_failed',
    kind: 'gauge',
    unit: 'count',
    help: 'Resolvers that did not answer, or with an error.',
  },
  {
    name: 'dns_ttl_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'The least time to live in the answers of the authoritative servers.',
  },
  {
    name: 'dns_answer_seconds',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Time to the answer of the slowest authoritative server that answered.',
  },
]
