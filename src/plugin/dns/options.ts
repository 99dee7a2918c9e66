import { z } from 'zod'
import { isDomainName } from '../../formats/dns/name.ts'
import { parseServer } from '../../formats/dns/question.ts'
import { tsigAlgorithms } from '../../formats/dns/tsig.ts'
import { normalTarget, typeOfValue } from '../../formats/dns/value.ts'
import { duration, perPath } from '../option-types.ts'
import { areAliases, mostRecords } from './record-sets.ts'

/** A domain name in configuration, which becomes lower case without its final dot. */
export const domainName = z
  .string()
  .transform((text) => text.toLowerCase().replace(/\.$/u, ''))
  .refine((name) => isDomainName(name), 'expected a domain name, such as live.example.org')

/** A name server in configuration: `192.0.2.53`, `ns1.example.org:53`, `[2001:db8::53]:53`. */
export const nameServer = z
  .string()
  .refine(
    (text) => parseServer(text) !== undefined,
    'expected a name server, such as 192.0.2.53:53',
  )

/** The values of the record for each path. */
export const recordsOption = perPath(
  z
    .array(
      z
        .string()
        .refine(
          (text) => typeOfValue(text) !== undefined,
          'expected an IPv4 address, an IPv6 address or a name',
        ),
    )
    .min(1)
    .max(16),
)
  .superRefine((records, context) => {
    for (const message of recordProblems(records)) context.addIssue({ code: 'custom', message })
  })
  .describe(
    'What the name answers for each path: addresses (A and AAAA), or one name (CNAME). Several addresses are answered by turns; in a weighted group their number makes the weights.',
  )

/** Refuses a name outside its zone, and an alias at the zone's own name (RFC 1034, section 3.6.2). */
export function refineNameInZone(
  given: {
    readonly zone: string
    readonly name: string
    readonly records: Readonly<Record<string, readonly string[]>>
  },
  context: z.RefinementCtx,
): void {
  const { zone, name, records } = given
  if (name !== zone && !name.endsWith(`.${zone}`)) {
    context.addIssue({ code: 'custom', path: ['name'], message: 'does not lie in the zone' })
  }
  if (name === zone && areAliases(records)) {
    const message = 'the name of the zone itself cannot be an alias (CNAME)'
    context.addIssue({ code: 'custom', path: ['records'], message })
  }
}

/** Time to live of what is written, in milliseconds. */
export const ttlOption = duration('1s', '1d')
  .default(30_000)
  .describe(
    'Time to live of the records. Resolvers keep the old answer for so long after a change.',
  )

/** Whom to ask how far a change has come. */
export const spreadOptions = {
  servers: z
    .array(nameServer)
    .max(16)
    .default([])
    .describe(
      'Every other authoritative server that viewers may reach. A change is in effect when all of them, and the resolvers, answer it.',
    ),
  resolvers: z
    .array(nameServer)
    .max(16)
    .default([])
    .describe('Caching resolvers, such as those of viewers, that are asked too.'),
}

/** A key shared with a name server. */
export const tsigKey = z
  .strictObject({
    name: domainName.describe('The name of the key, the same as at the server.'),
    algorithm: z.enum(tsigAlgorithms).default('hmac-sha256').describe('The algorithm of the key.'),
    secret: z
      .string()
      .refine(
        (text) => /^[A-Za-z0-9+/]{22,}={0,2}$/u.test(text),
        'expected the secret of the key in Base64, at least 16 bytes of it',
      )
      .describe('The secret of the key in Base64, as tsig-keygen prints it.'),
  })
  .describe('The TSIG key (RFC 8945) that signs everything asked of the server.')

function* recordProblems(records: Readonly<Record<string, readonly string[]>>): Generator<string> {
  const all = Object.values(records).flat()
  const targets = all.map((value) => normalTarget(value))
  const twice = targets.find((value, index) => targets.indexOf(value) !== index)
  if (twice !== undefined) yield `${twice} is named twice: a record set holds each value once`
  if (all.length > mostRecords) yield `at most ${mostRecords} values together`
  const isAlias = all.map((value) => typeOfValue(value) === 'CNAME')
  if (!isAlias.includes(true)) return
  if (isAlias.includes(false))
    yield 'a name has either addresses or an alias, for every path the same'
  const many = Object.entries(records).find(([, values]) => values.length > 1)
  if (many !== undefined) yield `${many[0]}: an alias (CNAME) has one target`
}
