import { startAwsServer, type AwsReply } from '../fakes/aws-server.ts'

export const flowArn =
  'arn:aws:mediaconnect:eu-central-1:123456789012:flow:1-23aBC45dEF67hiJ8-12AbC34DE5fG:live'

/**
 * One flow, transcribed from the MediaConnect API reference
 * (https://docs.aws.amazon.com/mediaconnect/latest/api: DescribeFlow, UpdateFlow, FailoverConfig,
 * SourcePriority).
 */
export async function startFakeMediaconnect(sources: readonly string[]) {
  const flow = {
    flowArn,
    name: 'live',
    status: 'ACTIVE',
    sources: sources.map((name) => ({ name, sourceArn: `arn:source:${name}` })),
    sourceFailoverConfig: {
      state: 'ENABLED',
      failoverMode: 'FAILOVER',
      sourcePriority: { primarySource: sources[0] },
    } as Record<string, unknown>,
  }
  const writes: unknown[] = []

  function update(body: string, refuse: (says: string) => AwsReply): AwsReply {
    const given = JSON.parse(body) as { readonly sourceFailoverConfig?: Record<string, unknown> }
    const config = given.sourceFailoverConfig
    if (config === undefined || Object.keys(given).length !== 1) return refuse(body)
    const odd = Object.keys(config).find(
      (name) => !['state', 'failoverMode', 'recoveryWindow', 'sourcePriority'].includes(name),
    )
    if (odd !== undefined) return refuse(`failover with ${odd}`)
    const { primarySource } = config['sourcePriority'] as { readonly primarySource: string }
    if (!sources.includes(primarySource)) return refuse(`primary source ${primarySource}`)
    writes.push(config)
    flow.sourceFailoverConfig = config
    return { type: 'application/json', wrote: true, body: JSON.stringify({ flowArn, flow }) }
  }

  const server = await startAwsServer(
    { service: 'mediaconnect', region: 'eu-central-1' },
    ({ method, url, body }, refuse) => {
      if (url.pathname !== `/v1/flows/${encodeURIComponent(flowArn)}`) return refuse(url.pathname)
      if (method === 'PUT') return update(body, refuse)
      if (method !== 'GET') return refuse(method)
      return { type: 'application/json', body: JSON.stringify({ flow, messages: { errors: [] } }) }
    },
  )
  return { ...server, flow, writes, state: () => structuredClone(flow.sourceFailoverConfig) }
}
