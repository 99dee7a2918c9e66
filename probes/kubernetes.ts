import { z } from 'zod'
import type { ProbePlugin } from '../src/plugin/probe.ts'
import { readServer, serverOptions } from '../src/plugin/server-api.ts'
import type { ServerAnswer } from '../src/plugin/server-reading.ts'
import { readEndpoints } from './kubernetes/endpoints.ts'
import { measures } from './kubernetes/measures.ts'
import { readPods } from './kubernetes/pods.ts'

/** Where a pod finds its service account (Kubernetes, "Accessing the API from a Pod"). */
const account = '/var/run/secrets/kubernetes.io/serviceaccount'

/** RFC 1123 labels, as Kubernetes asks of names that stand in URLs. */
const label = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u)

const { url, headers, address, timeout } = serverOptions

const options = z
  .strictObject({
    url: url.default('https://kubernetes.default.svc').describe('The API server.'),
    headers,
    address,
    timeout,
    namespace: label.default('default').describe('The namespace of service and pods.'),
    service: label
      .optional()
      .describe('A service: how many of its endpoints are ready (EndpointSlices).'),
    pods: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe('A label selector, such as `app=ingest-a`: how many pods are ready, and restarts.'),
    container: label.optional().describe('Count the restarts of this container only.'),
    at_least: z
      .int()
      .min(1)
      .max(10_000)
      .default(1)
      .describe('With fewer ready endpoints, or ready pods, the path fails.'),
    token_file: z
      .string()
      .max(4_096)
      .default(`${account}/token`)
      .describe('The token of a service account, read at each look; empty to send none.'),
    ca_file: z
      .string()
      .max(4_096)
      .default(`${account}/ca.crt`)
      .describe(
        'The authority of the API server, read at each look; empty for that of the system.',
      ),
  })
  .refine(
    ({ service, pods }) => service !== undefined || pods !== undefined,
    'expected service, pods or both',
  )

/**
 * Asks Kubernetes for readiness and restarts of what carries a path. The API server stands apart
 * from the stream: its silence makes the path unknown, never down. It needs `get` and `list` on
 * `pods` and `endpointslices` (discovery.k8s.io) in the namespace, and nothing else.
 */
export default {
  type: 'kubernetes',
  summary: 'Asks Kubernetes how many endpoints and pods of a path are ready, and for restarts.',
  options,
  measures,
  async *observe(settings, context) {
    const { namespace, service, pods, container, at_least: atLeast } = settings
    const server = {
      ...settings,
      when_unreachable: 'unknown' as const,
      token_file: settings.token_file === '' ? undefined : settings.token_file,
      ca_file: settings.ca_file === '' ? undefined : settings.ca_file,
    }
    const wall = () => context.clock.wall()
    yield* readServer(server, context, async (api): Promise<ServerAnswer> => {
      const endpoints =
        service === undefined ? undefined : await readEndpoints(api, namespace, service)
      if (endpoints?.ok === false) return endpoints
      const seen =
        pods === undefined ? undefined : await readPods(api, namespace, pods, container, wall())
      if (seen?.ok === false) return seen
      const measurements = { ...endpoints?.measurements, ...seen?.measurements }
      const reading = seen?.reading ?? {}
      const { endpoints_ready: ready, endpoints: all } = measurements
      if (ready !== undefined && ready < atLeast) {
        const reason = `the service ${namespace}/${service} has ${ready} of ${all ?? 0} endpoints ready, fewer than ${atLeast}.`
        return {
          ok: false,
          outcome: 'fail',
          diagnosis: 'unreachable',
          reason,
          reading,
          measurements,
        }
      }
      const { pods_ready: podsReady, pods: podsAll } = measurements
      if (podsReady !== undefined && podsReady < atLeast) {
        const reason = `${podsReady} of ${podsAll ?? 0} pods with ${pods} in ${namespace} are ready, fewer than ${atLeast}.`
        return {
          ok: false,
          outcome: 'fail',
          diagnosis: 'unreachable',
          reason,
          reading,
          measurements,
        }
      }
      return { ok: true, reading, measurements }
    })
  },
} satisfies ProbePlugin<typeof options>
