import { posix } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'

/** Something that stands in the kubeconfig itself or in a file that it names. */
export type Material = { readonly text: string } | { readonly file: string }

/** How one context of a kubeconfig reaches its API server. */
export interface Entry {
  readonly server: string
  readonly ca?: Material
  /** Takes the place of what `certificate` proves, where both are given. */
  readonly token?: Material
  readonly certificate?: { readonly cert: Material; readonly key: Material }
}

const text = z.string().min(1)

/** A Config (v1), https://kubernetes.io/docs/reference/config-api/kubeconfig.v1 */
const config = z.object({
  'current-context': z.string().default(''),
  contexts: z
    .array(
      z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) }),
    )
    .default([]),
  clusters: z
    .array(
      z.object({
        name: z.string(),
        cluster: z.looseObject({
          server: text,
          'certificate-authority': text.optional(),
          'certificate-authority-data': z.base64().min(1).optional(),
          'insecure-skip-tls-verify': z.boolean().optional(),
        }),
      }),
    )
    .default([]),
  users: z
    .array(
      z.object({
        name: z.string(),
        user: z.looseObject({
          token: text.optional(),
          tokenFile: text.optional(),
          'client-certificate': text.optional(),
          'client-certificate-data': z.base64().min(1).optional(),
          'client-key': text.optional(),
          'client-key-data': z.base64().min(1).optional(),
          exec: z.object({ command: z.string() }).optional(),
        }),
      }),
    )
    .default([]),
})

/** What a kubeconfig may ask for and this program does not do; doing without it would be something else. */
const clusterAsks = ['proxy-url', 'tls-server-name']
const userAsks = ['auth-provider', 'username', 'password', 'as', 'as-uid', 'as-groups']

/**
 * How the context of this name (the current one without) reaches its API server, by the text of the
 * kubeconfig that lies at `path`: file names in it count from its folder. Where that cannot be said,
 * why: one sentence that repeats no value.
 */
export function readKubeconfig(
  path: string,
  content: string,
  context: string | undefined,
): Entry | { readonly says: string } {
  const document = parseDocument(content, { prettyErrors: false })
  const refused = (says: string) => ({ says: `the kubeconfig ${path} ${says}` })
  const parsed = config.safeParse(document.errors.length > 0 ? undefined : valueOf(document))
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    return refused(`is no Config of Kubernetes${where === '' ? '' : ` (${where})`}`)
  }
  const { clusters, contexts, users } = parsed.data
  const wanted = context ?? parsed.data['current-context']
  const chosen = contexts.find(({ name }) => name === wanted)?.context
  if (chosen === undefined) {
    const names = contexts.map(({ name }) => name).join(', ')
    return refused(
      wanted === ''
        ? 'has no current context: name one with context'
        : `has no context "${wanted}"${names === '' ? '' : `, only ${names}`}`,
    )
  }
  const cluster = clusters.find(({ name }) => name === chosen.cluster)?.cluster
  if (cluster === undefined) return refused(`has no cluster "${chosen.cluster}"`)
  const user = users.find(({ name }) => name === chosen.user)?.user
  if (user === undefined) return refused(`has no user "${chosen.user}"`)
  const { server } = cluster
  const url = URL.parse(server)
  if (url === null || !/^https?:$/u.test(url.protocol) || url.username !== '') {
    return refused(`names no http or https URL as server of cluster "${chosen.cluster}"`)
  }
  const asked = clusterAsks.find((key) => cluster[key] !== undefined && cluster[key] !== '')
  if (asked !== undefined) {
    return refused(`asks for ${asked} at cluster "${chosen.cluster}", which is not supported`)
  }
  if (cluster['insecure-skip-tls-verify'] === true) {
    return refused(
      `trusts anybody as cluster "${chosen.cluster}" (insecure-skip-tls-verify): give it a certificate-authority`,
    )
  }
  if (user.exec !== undefined) {
    return refused(
      `has user "${chosen.user}" get its credentials from a program (${user.exec.command}), which is not run: give a service account of its own a token, or use kubectl proxy`,
    )
  }
  const unable = userAsks.find((key) => user[key] !== undefined && user[key] !== '')
  if (unable !== undefined) {
    return refused(`asks for ${unable} at user "${chosen.user}", which is not supported`)
  }
  const at = (data: string | undefined, file: string | undefined): Material | undefined => {
    if (data !== undefined) return { text: Buffer.from(data, 'base64').toString() }
    return file === undefined ? undefined : { file: posix.resolve(posix.dirname(path), file) }
  }
  const ca = at(cluster['certificate-authority-data'], cluster['certificate-authority'])
  const cert = at(user['client-certificate-data'], user['client-certificate'])
  const key = at(user['client-key-data'], user['client-key'])
  if ((cert === undefined) !== (key === undefined)) {
    return refused(`gives user "${chosen.user}" a client certificate or a key without the other`)
  }
  // "If both Token and TokenFile are specified, the TokenFile will be periodically read and the last successfully read content takes precedence over Token."
  const file = at(undefined, user.tokenFile)
  const token = file ?? (user.token === undefined ? undefined : { text: user.token })
  return {
    server,
    ...(ca !== undefined && { ca }),
    ...(token !== undefined && { token }),
    ...(cert !== undefined && key !== undefined && { certificate: { cert, key } }),
  }
}

/** The content of a document; `undefined` where its aliases grow beyond reason. */
function valueOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS()
  } catch {
    return undefined
  }
}
