import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import kubernetes from '../../src/actuators/kubernetes.ts'
import { readKubeconfig } from '../../src/actuators/kubernetes/kubeconfig.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { hasOpenssl, makeCertificate } from '../net/servers.ts'
import { startFakeKubernetes, type StoredObject } from './fake-kubernetes.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const serviceUrl = '/api/v1/namespaces/live/services/channel'
const openssl = hasOpenssl()
// Without the openssl command line no certificate can be made, so tests over TLS are skipped.
const made = (name: string) => (openssl ? makeCertificate(name, 30) : { key: '', cert: '' })
const server = made('kubernetes')
const client = made('changeover')
const base64 = (text: string) => Buffer.from(text).toString('base64')

function service(side: string): StoredObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'channel', namespace: 'live' },
    spec: { selector: { app: 'edge', side } },
  }
}

/** A kubeconfig of one context, `live`, with a second one beside it. */
function configOf(cluster: object, user: object, more: object = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'live',
    preferences: {},
    contexts: [
      { name: 'live', context: { cluster: 'c', user: 'u', namespace: 'elsewhere' } },
      { name: 'other', context: { cluster: 'gone', user: 'u' } },
    ],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    ...more,
  })
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Write = (name: string, text: string) => string

/** An actuator that knows its API server by a kubeconfig alone. */
async function begin(
  config: (url: string, write: Write) => string,
  { tls, context }: { readonly tls?: boolean; readonly context?: string } = {},
) {
  if (kubernetes.mode !== 'push') throw new Error('not a push actuator')
  const stored = { [serviceUrl]: service('a') }
  const fake = await startFakeKubernetes(
    stored,
    tls === true ? { certificate: server, client } : undefined,
  )
  const folder = mkdtempSync(join(tmpdir(), 'changeover-kubeconfig-'))
  const write: Write = (name, text) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const kubeconfig = write('config', config(fake.url, write))
  const clock = realClock()
  const ids = realIds()
  const net = createNet({ clock })
  const options = kubernetes.options.parse({
    namespace: 'live',
    target: { kind: 'service', name: 'channel', label: 'side' },
    names: { 'cdn-a': 'a', 'cdn-b': 'b' },
    kubeconfig,
    ...(context !== undefined && { context }),
  })
  const given = { clock, ids, net, files: realFiles({ ids }), paths, callTimeoutMs: 1_500 }
  const actuator = kubernetes.create(options, { ...given, group: 'channel-1/cdn' })
  const close = async () => {
    await net.close()
    await fake.close()
    rmSync(folder, { recursive: true })
    if (fake.violations.length > 0) throw new Error(fake.violations.join(', '))
  }
  return { fake, actuator, close, write, folder, kubeconfig }
}

async function started(...given: Parameters<typeof begin>) {
  const all = await begin(...given)
  closing.push(all.close)
  return all
}

const token = (url: string, write: Write) =>
  configOf({ server: url }, { tokenFile: write('token', 'tok3n\n') })

actuatorContract('kubernetes (kubeconfig)', async () => {
  const { fake, actuator, close } = await begin(token)
  return {
    actuator,
    paths,
    state: () => fake.objects.get(serviceUrl)?.['spec'] as object,
    editByHand: async () => {
      fake.edit(serviceUrl, (each) => (each['spec'] = { selector: { side: 'a', tier: 'gold' } }))
    },
    fail: async (fault) => await fake.fail(fault),
    secrets: ['tok3n'],
    close,
  }
})

describe('the kubernetes actuator with a kubeconfig', () => {
  it('asks with the token in it', async () => {
    const { actuator } = await started((url) => configOf({ server: url }, { token: 'tok3n' }))

    expect(await actuator.observe(never)).toMatchObject({ ok: true })
  })

  it('reads its token file anew at each call, and rather than the token beside it', async () => {
    const { fake, actuator, write } = await started((url, file) => {
      file('token', 'tok3n\n')
      return configOf({ server: url }, { token: 'old', tokenFile: 'token' })
    })
    const first = await actuator.observe(never)
    fake.token = 'n3w'
    write('token', 'n3w')

    expect([first, await actuator.observe(never)]).toMatchObject([{ ok: true }, { ok: true }])
  })

  it.skipIf(!openssl).each<[string, (write: Write) => readonly [object, object]]>([
    [
      'in it',
      () => [
        { 'certificate-authority-data': base64(server.cert) },
        {
          'client-certificate-data': base64(client.cert),
          'client-key-data': base64(client.key),
        },
      ],
    ],
    [
      'in files beside it',
      (write) => {
        write('ca.pem', server.cert)
        write('cert.pem', client.cert)
        return [
          { 'certificate-authority': 'ca.pem' },
          {
            'client-certificate': 'cert.pem',
            'client-key': write('key.pem', client.key),
          },
        ]
      },
    ],
  ])('asks with the client certificate %s', async (_, parts) => {
    const { actuator, fake } = await started(
      (url, write) => {
        const [cluster, user] = parts(write)
        return configOf({ server: url, ...cluster }, user)
      },
      { tls: true },
    )
    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    const [step] = actuator.plan(read.observed, { 'cdn-a': 0, 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')

    expect(await actuator.apply(step, read.observed.version, never)).toEqual({ result: 'applied' })
    expect(fake.objects.get(serviceUrl)?.['spec']).toEqual({ selector: { app: 'edge', side: 'b' } })
  })

  it.skipIf(!openssl)('does not ask a server that another authority vouches for', async () => {
    const { actuator, fake } = await started(
      (url) => configOf({ server: url }, { token: 'tok3n' }),
      {
        tls: true,
      },
    )

    expect(await actuator.observe(never)).toMatchObject({
      ok: false,
      says: expect.stringMatching(/^the certificate of \S+ is self-signed$/u),
    })
    expect(fake.requests).toEqual([])
  })

  it('cannot ask without what it names, writes nothing, and says which file', async () => {
    const { actuator, folder } = await started((url) =>
      configOf({ server: url }, { tokenFile: 'gone' }),
    )
    const says = `the token: cannot read ${join(folder, 'gone')}: it is not there`
    const step = { says: 'a step', data: { object: 'channel', weights: 'cdn-a=0 cdn-b=100' } }

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
    expect(await actuator.apply(step, 'v', never)).toEqual({ result: 'failed', retry: false, says })
  })

  it('cannot ask without a kubeconfig, and does not show what is in one', async () => {
    const { actuator, kubeconfig, write } = await started(token)
    write('config', 'users: [ { name: u, user: { token: "s3cret" } ')

    const broken = await actuator.observe(never)
    rmSync(kubeconfig)
    const gone = await actuator.observe(never)

    expect(broken).toEqual({
      ok: false,
      retry: false,
      says: `the kubeconfig ${kubeconfig} is no Config of Kubernetes`,
    })
    expect(gone).toEqual({
      ok: false,
      retry: false,
      says: `the kubeconfig: cannot read ${kubeconfig}: it is not there`,
    })
  })
})

describe('a kubeconfig', () => {
  const good = { server: 'https://k.example:6443' }
  const entry = (content: string, context?: string) =>
    readKubeconfig('/home/ana/.kube/config', content, context)

  it('names files from its own folder', () => {
    expect(
      entry(
        configOf(
          { ...good, 'certificate-authority': 'pki/ca.crt' },
          { 'client-certificate': '/etc/me.crt', 'client-key': '../me.key' },
        ),
      ),
    ).toEqual({
      server: 'https://k.example:6443',
      ca: { file: '/home/ana/.kube/pki/ca.crt' },
      certificate: { cert: { file: '/etc/me.crt' }, key: { file: '/home/ana/me.key' } },
    })
  })

  it('rather has what stands in it than a file', () => {
    const ca = { 'certificate-authority': 'x', 'certificate-authority-data': base64('PEM') }

    expect(entry(configOf({ ...good, ...ca }, {}))).toMatchObject({ ca: { text: 'PEM' } })
  })

  it.each<[string, string, string | undefined, string]>([
    ['is empty', '', undefined, 'is no Config of Kubernetes'],
    ['is no YAML', '{', undefined, 'is no Config of Kubernetes'],
    [
      'has a list in place of a name',
      'contexts: [{ name: [] }]',
      undefined,
      'is no Config of Kubernetes (contexts.0.name)',
    ],
    [
      'has no current context',
      'clusters: []',
      undefined,
      'has no current context: name one with context',
    ],
    ['lacks the context', configOf(good, {}), 'stage', 'has no context "stage", only live, other'],
    ['lacks the cluster', configOf(good, {}), 'other', 'has no cluster "gone"'],
    ['lacks the user', configOf(good, {}, { users: [] }), undefined, 'has no user "u"'],
    [
      'has another URL',
      configOf({ server: 'unix:///x' }, {}),
      undefined,
      'names no http or https URL as server of cluster "c"',
    ],
    [
      'has a password in its URL',
      configOf({ server: 'https://a:s3cret@k' }, {}),
      undefined,
      'names no http or https URL as server of cluster "c"',
    ],
    [
      'goes through a proxy',
      configOf({ ...good, 'proxy-url': 'http://s3cret' }, {}),
      undefined,
      'asks for proxy-url at cluster "c", which is not supported',
    ],
    [
      'checks another name',
      configOf({ ...good, 'tls-server-name': 'k' }, {}),
      undefined,
      'asks for tls-server-name at cluster "c", which is not supported',
    ],
    [
      'trusts anybody',
      configOf({ ...good, 'insecure-skip-tls-verify': true }, {}),
      undefined,
      'trusts anybody as cluster "c" (insecure-skip-tls-verify): give it a certificate-authority',
    ],
    [
      'runs a program',
      configOf(good, { exec: { command: 'aws', args: ['s3cret'] } }),
      undefined,
      'has user "u" get its credentials from a program (aws), which is not run: give a service account of its own a token, or use kubectl proxy',
    ],
    [
      'has a password',
      configOf(good, { username: 'ana', password: 's3cret' }),
      undefined,
      'asks for username at user "u", which is not supported',
    ],
    [
      'acts as somebody else',
      configOf(good, { token: 's3cret', as: 'root' }),
      undefined,
      'asks for as at user "u", which is not supported',
    ],
    [
      'has half a certificate',
      configOf(good, { 'client-key-data': base64('s3cret') }),
      undefined,
      'gives user "u" a client certificate or a key without the other',
    ],
    [
      'has data that is none',
      configOf(good, { 'client-key-data': '*s3cret*' }),
      undefined,
      'is no Config of Kubernetes (users.0.user.client-key-data)',
    ],
  ])('that %s is refused, and not shown', (_, content, context, says) => {
    expect(entry(content, context)).toEqual({
      says: `the kubeconfig /home/ana/.kube/config ${says}`,
    })
  })

  it('takes the place of the other options: both together are refused', () => {
    const given = { target: { kind: 'endpoint-slices' }, names: { 'cdn-a': 'a' } }
    const kubeconfig = '/etc/kubeconfig'
    const refusals = [
      { kubeconfig, url: 'http://127.0.0.1:8001' },
      { kubeconfig, token_file: '' },
      { context: 'live' },
      { kubeconfig: 'config' },
    ].map((more) => kubernetes.options.safeParse({ ...given, ...more }).success)

    expect(refusals).toEqual([false, false, false, false])
    expect(kubernetes.options.safeParse({ ...given, kubeconfig, context: 'live' }).success).toBe(
      true,
    )
  })
})
