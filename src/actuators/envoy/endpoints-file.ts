import { createHash } from 'node:crypto'
import { z } from 'zod'

const typeUrl = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment'

/** What we keep of a DiscoveryResponse with ClusterLoadAssignments (Envoy API v3, proto3 JSON). */
const discoveryResponse = z.object({
  version_info: z.string().default(''),
  resources: z.array(
    z.object({
      cluster_name: z.string(),
      endpoints: z
        .array(
          z.object({
            lb_endpoints: z
              .array(
                z.object({
                  endpoint: z.object({
                    address: z.object({
                      socket_address: z.object({ address: z.string(), port_value: z.int() }),
                    }),
                  }),
                  health_status: z.string().default('UNKNOWN'),
                  // LbEndpoint: 1 where none is said, and never 0.
                  load_balancing_weight: z.int().min(1).default(1),
                }),
              )
              .default([]),
          }),
        )
        .default([]),
    }),
  ),
})

const serving = ['UNKNOWN', 'HEALTHY', 'DEGRADED']

/** The text of a file for one cluster; endpoints of weight 0 are left out. */
export function renderEndpoints(given: {
  readonly group: string
  readonly cluster: string
  readonly endpoints: readonly { readonly address: string; readonly weight: number }[]
}): string {
  const { group, cluster, endpoints } = given
  const lbEndpoints = endpoints
    .filter(({ weight }) => weight > 0)
    .map(({ address, weight }) => {
      const colon = address.lastIndexOf(':')
      const socketAddress = {
        address: address.slice(0, colon).replace(/^\[|\]$/gu, ''),
        port_value: Number(address.slice(colon + 1)),
      }
      return {
        endpoint: { address: { socket_address: socketAddress } },
        load_balancing_weight: weight,
      }
    })
  const resources = [
    { '@type': typeUrl, cluster_name: cluster, endpoints: [{ lb_endpoints: lbEndpoints }] },
  ]
  const version = `changeover ${group} ${digestOf(JSON.stringify(resources))}`
  return `${JSON.stringify({ version_info: version, resources }, null, 2)}\n`
}

/**
 * Reads such a file, ours or somebody else's: the weight of each endpoint that serves, by address and
 * port, and the group of our mark where nobody changed what it stands for. `undefined` for anything
 * else.
 */
export function parseEndpoints(
  text: string,
  cluster: string,
):
  | { readonly weights: ReadonlyMap<string, number>; readonly group: string | undefined }
  | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = discoveryResponse.safeParse(json)
  const resource = parsed.data?.resources.find((each) => each.cluster_name === cluster)
  if (parsed.data === undefined || resource === undefined) return undefined
  const weights = new Map<string, number>()
  for (const each of resource.endpoints.flatMap((locality) => locality.lb_endpoints)) {
    const { address, port_value: port } = each.endpoint.address.socket_address
    const host = address.includes(':') ? `[${address}]` : address
    const isServing = serving.includes(each.health_status)
    weights.set(`${host}:${port}`, isServing ? each.load_balancing_weight : 0)
  }
  const [, group, digest] =
    /^changeover (\S+) ([0-9a-f]{16})$/u.exec(parsed.data.version_info) ?? []
  const own = digestOf(JSON.stringify((json as { resources: unknown }).resources))
  return { weights, group: digest === own ? group : undefined }
}

/** The first 64 bits of SHA-256, in hexadecimal: against mistakes, not against forgers. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
