import { isDeepStrictEqual } from 'node:util'
import { startAwsServer, type AwsReply, type AwsRequest } from '../fakes/aws-server.ts'
import { parseXml, toXml, type XmlElement } from '../fakes/xml.ts'

/** A record set as the fake keeps it: the elements of the API by name. */
export type FakeSet = Record<string, unknown> & {
  Name: string
  Type: string
  SetIdentifier?: string
  Weight?: number
  Failover?: string
}

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/'

/** Elements of a ResourceRecordSet, in the order of the API's model. */
const known = [
  'Name',
  'Type',
  'SetIdentifier',
  'Weight',
  'Region',
  'GeoLocation',
  'Failover',
  'MultiValueAnswer',
  'TTL',
  'ResourceRecords',
  'AliasTarget',
  'HealthCheckId',
  'TrafficPolicyInstanceId',
]

/** The two shapes that Route 53 has given its errors. */
export type ErrorShape = 'ErrorResponse' | 'bare'

/**
 * One hosted zone of Route 53, as far as the actuator may use it (API reference 2013-04-01:
 * ListResourceRecordSets, ChangeResourceRecordSets, GetChange). Requests are those that the SDK
 * serialises; a batch is applied whole or not at all.
 */
export async function startFakeRoute53(sets: FakeSet[]) {
  let zone = sets
  let changes = 0
  let status = 'INSYNC'
  let shape: ErrorShape = 'ErrorResponse'
  let beforeChange: (() => void) | undefined
  const batches: string[][] = []

  function document(name: string, content: object): string {
    return `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="${NAMESPACE}">${toXml(content)}</${name}>`
  }

  function invalid(message: string): AwsReply {
    return shape === 'bare'
      ? {
          status: 400,
          body: document('InvalidChangeBatch', {
            Messages: { Message: message },
            RequestId: 'b25f48e8',
          }),
        }
      : {
          status: 400,
          body: document('ErrorResponse', {
            Error: { Type: 'Sender', Code: 'InvalidChangeBatch', Message: `[${message}]` },
            RequestId: 'b25f48e8',
          }),
        }
  }

  function list({ url }: AwsRequest): AwsReply {
    const from = `${url.searchParams.get('name')?.replace(/\.$/u, '') ?? ''}.`
    const type = url.searchParams.get('type') ?? ''
    const identifier = url.searchParams.get('identifier') ?? ''
    const most = Number(url.searchParams.get('maxitems') ?? 100)
    // Sorted by the labels in reverse, then by type and identifier, as the API lists them.
    const order = (set: { Name: string; Type: string; SetIdentifier?: string }) =>
      [set.Name.split('.').toReversed().join('.'), set.Type, set.SetIdentifier ?? ''].join(' ')
    const start = order({ Name: from, Type: type, SetIdentifier: identifier })
    const rest = zone
      .filter((set) => order(set) >= start)
      .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    const next = rest[most]
    return {
      body: document('ListResourceRecordSetsResponse', {
        ResourceRecordSets: { ResourceRecordSet: rest.slice(0, most).map(ordered) },
        IsTruncated: next !== undefined,
        NextRecordName: next?.Name,
        NextRecordType: next?.Type,
        NextRecordIdentifier: next?.SetIdentifier,
        MaxItems: most,
      }),
    }
  }

  function change(body: string, refuse: (says: string) => AwsReply): AwsReply {
    const request = parseXml(body)
    if (request.name !== 'ChangeResourceRecordSetsRequest') return refuse(`a ${request.name}`)
    if (request.attributes['xmlns'] !== NAMESPACE) return refuse('another namespace')
    beforeChange?.()
    const said: string[] = []
    let after = [...zone]
    for (const each of within(request, 'ChangeBatch', 'Changes')) {
      const action = within(each, 'Action').text
      const given = within(each, 'ResourceRecordSet')
      const unknown = given.children.find(({ name }) => !known.includes(name))
      if (unknown !== undefined) return refuse(`a record set with ${unknown.name}`)
      const set = fromXml(given)
      const label = `[name='${set.Name}', type='${set.Type}', set identifier='${set.SetIdentifier}']`
      said.push(
        `${action} ${set.SetIdentifier ?? set.Type} ${set.Weight ?? set.Failover ?? ''}`.trim(),
      )
      const index = after.findIndex(
        ({ Name, Type, SetIdentifier }) =>
          Name === set.Name && Type === set.Type && SetIdentifier === set.SetIdentifier,
      )
      if (action === 'DELETE') {
        if (index < 0) {
          return invalid(`Tried to delete resource record set ${label} but it was not found`)
        }
        if (!isDeepStrictEqual(ordered(after[index] ?? set), ordered(set))) {
          return invalid(
            `Tried to delete resource record set ${label} but the values provided do not match the current values`,
          )
        }
        after = after.toSpliced(index, 1)
      } else if (action === 'CREATE') {
        if (index >= 0) {
          return invalid(`Tried to create resource record set ${label} but it already exists`)
        }
        if ((set.Weight ?? 0) > 255) return refuse(`weight ${set.Weight}`)
        after = [...after, set]
      } else return refuse(`action ${action}`)
    }
    batches.push(said)
    zone = after
    changes += 1
    return {
      wrote: true,
      body: document('ChangeResourceRecordSetsResponse', { ChangeInfo: info() }),
    }
  }

  function info(): object {
    return { Id: `/change/C${changes}`, Status: status, SubmittedAt: '2026-03-10T01:36:41.958Z' }
  }

  const server = await startAwsServer(
    { service: 'route53', region: 'us-east-1' },
    (request, refuse) => {
      const { method, url, body } = request
      if (url.pathname === '/2013-04-01/hostedzone/Z1EXAMPLE/rrset') {
        return method === 'GET' ? list(request) : change(body, refuse)
      }
      if (url.pathname === `/2013-04-01/change/C${changes}` && method === 'GET') {
        return { body: document('GetChangeResponse', { ChangeInfo: info() }) }
      }
      return refuse(`${method} ${url.pathname}`)
    },
  )
  return {
    ...server,
    state: () => zone.map(ordered),
    batches,
    set: (identifier: string, changed: Partial<FakeSet>) => {
      zone = zone.map((each) =>
        each.SetIdentifier === identifier ? { ...each, ...changed } : each,
      )
    },
    add: (set: FakeSet) => void (zone = [...zone, set]),
    remove: (identifier: string) => {
      zone = zone.filter((each) => each.SetIdentifier !== identifier)
    },
    errorShape: (of: ErrorShape) => void (shape = of),
    syncStatus: (of: 'PENDING' | 'INSYNC') => void (status = of),
    beforeNextChange: (edit: () => void) => {
      beforeChange = () => {
        beforeChange = undefined
        edit()
      }
    },
  }
}

function ordered(set: FakeSet): FakeSet {
  return Object.fromEntries(
    known.flatMap((name) => (set[name] === undefined ? [] : [[name, set[name]]])),
  ) as FakeSet
}

function within(
  element: XmlElement,
  ...names: readonly string[]
): XmlElement & Iterable<XmlElement> {
  const found = names.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((child) => child.name === name),
    element,
  )
  if (found === undefined) throw new Error(`no ${names.join('/')} in ${element.name}`)
  return { ...found, [Symbol.iterator]: () => found.children[Symbol.iterator]() }
}

function fromXml(element: XmlElement): FakeSet {
  return Object.fromEntries(
    element.children.map((child) => {
      if (child.children.length > 0) return [child.name, fromXml(child)]
      const isNumber = ['Weight', 'TTL'].includes(child.name)
      return [child.name, isNumber ? Number(child.text) : child.text]
    }),
  ) as FakeSet
}
