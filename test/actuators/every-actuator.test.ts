import { readFileSync } from 'node:fs'
import { beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest'
import { allTo } from '../../src/core/allocation.ts'
import { loadSettings } from '../../src/config/load.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { plugins } from '../../src/plugins.ts'
import { sourcesUnder } from '../architecture/source.ts'
import { stubAwsCredentials } from '../fakes/aws-server.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'

const secret = '0123456789abcdef0123456789abcdef'
const secrets = new RegExp(`${secret}|a secret of 16|password-of`, 'u')
const never = new AbortController().signal
const push = plugins.actuators.filter(({ mode }) => mode === 'push')

/** Targets that are asked by something else than HTTP: their own tests say what they may answer. */
const withoutHttp = [
  'envoy',
  'exec',
  'haproxy',
  'keepalived',
  'nginx',
  'obs',
  'rfc2136',
  'zone-file',
]

/** What the example gives, where another way to the target is tested here. */
const instead: Readonly<Record<string, object>> = {
  elbv2: { profile: undefined },
  kubernetes: { kubeconfig: undefined, context: undefined },
  mediaconnect: { profile: undefined },
  medialive: { profile: undefined },
  route53: { profile: undefined },
}

const environment: Readonly<Record<string, string>> = {
  ALERTMANAGER_AUTHORIZATION: `Bearer ${secret}`,
  HEARTBEAT_URL: 'https://beat.example/x',
  SLACK_BOT_TOKEN: 'xoxb-0123456789-abcdef',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/x',
  TEAMS_WORKFLOW_URL: 'https://flow.example/x',
  WEBHOOK_URL: 'https://hooks.example/x',
}

/** Every actuator of the example with all its options, with the paths of its group. */
const configured = (() => {
  const text = readFileSync(new URL('../../changeover.example.yaml', import.meta.url), 'utf8')
  const loaded = loadSettings({
    text: text
      .replaceAll(/^( *)(\w+): \[\]\n(?=\1#\2:)/gmu, '')
      .replaceAll(/^( *)#(?=\w+:|  )/gmu, '$1'),
    fileName: 'changeover.example.yaml',
    plugins,
    environment: (name) => environment[name] ?? secret,
    readFile: () => 'a secret of 16 letters\n',
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded))
  return loaded.settings.groups.flatMap(({ name, paths, actuators }) =>
    actuators.map(({ type, options }) => ({
      type,
      options: { ...(options as object), ...instead[type] },
      group: name,
      paths: paths.map((path) => path.name),
    })),
  )
})()

/** The actuator as the example has it, on a network where every request meets the same answer. */
function meets(type: string, status: number, body: string) {
  const plugin = push.find((each) => each.type === type)
  const given = configured.find((each) => each.type === type)
  if (plugin?.mode !== 'push' || given === undefined) throw new Error(`no ${type} in the example`)
  const clock = realClock()
  const net = new ScriptedNet(clock).on(/./u, { status, body, afterMs: 0 })
  const { group, options, paths } = given
  const context = { clock, ids: realIds(), net, group, paths, callTimeoutMs: 5_000 }
  return { actuator: plugin.create(options, context), net, paths }
}

beforeAll(async () => {
  // The first import of an SDK takes longer than a call may.
  await import('@aws-sdk/client-route-53')
  await import('@aws-sdk/client-medialive')
  await import('@aws-sdk/client-elastic-load-balancing-v2')
})

beforeEach(stubAwsCredentials)

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('every actuator', () => {
  it('stands in the example with its options', () => {
    const types = new Set(configured.map(({ type }) => type))

    expect(
      plugins.actuators.filter(({ type }) => !types.has(type)).map(({ type }) => type),
    ).toEqual([])
  })

  it('that writes keeps the contract of actuators, against a fake or the product itself', () => {
    const suites = sourcesUnder('test/actuators')
      .filter(({ path }) => path.endsWith('.test.ts'))
      .flatMap(({ text }) =>
        [...text.matchAll(/actuatorContract\(\s*['`]([\w-]+)/gu)].map(([, name]) => name),
      )

    const left = push.map(({ type }) => type).filter((type) => !suites.includes(type))

    expect(left, 'run test/contract/actuator-contract.ts for each').toEqual([])
  })

  it('that says it was tested against the real product has a test that does so', () => {
    const texts = [...sourcesUnder('test/real'), ...sourcesUnder('test/e2e')].map(
      ({ text }) => text,
    )
    const claimed = plugins.actuators.filter(({ tested }) => tested === 'real')

    const unproven = claimed
      .map(({ type }) => type)
      .filter(
        (type) =>
          !texts.some(
            (text) =>
              text.includes(`actuators/${type}.ts`) ||
              text.includes(`type: ${type}`) ||
              text.includes(`type: '${type}'`),
          ),
      )

    expect(claimed.length).toBeGreaterThan(5)
    expect(unproven).toEqual([])
  })

  it.each(push.map(({ type }) => type))(
    '%s lists what it must be allowed, without a secret',
    (type) => {
      const plugin = push.find((each) => each.type === type)
      const given = configured.find((each) => each.type === type)

      const permissions = plugin?.capabilities(given?.options).permissions ?? []

      expect(permissions.length).toBeGreaterThan(0)
      expect(permissions.every((text) => /\w[ :/]\S/u.test(text))).toBe(true)
      expect(permissions.join()).not.toMatch(secrets)
    },
  )
})

const overHttp = push.map(({ type }) => type).filter((type) => !withoutHttp.includes(type))

describe.each([
  [429, true],
  [500, true],
  [502, true],
  [503, true],
  [401, false],
  [403, false],
] as const)('a target that answers %i to everything', (status, retry) => {
  it.each(overHttp)(
    'cannot be observed by %s, which says whether asking again may help',
    async (type) => {
      const { actuator, paths } = meets(type, status, '{"message":"no"}')
      const to = allTo(paths[1] ?? '', paths)
      const before = {
        allocation: allTo(paths[0] ?? '', paths),
        version: 'v',
        ours: true,
        says: '',
      }

      const read = await actuator.observe(never)
      const [step] = actuator.plan(before, to)

      expect(read).toMatchObject({ ok: false, retry })
      // Of a write that was refused for good nothing was written; after 5xx nobody may know.
      const written = step && (await actuator.apply(step, 'v', never))
      expect(status < 500 ? ['failed', undefined] : ['failed', 'unknown', undefined]).toContain(
        written?.result,
      )
      if (written?.result === 'failed') expect(written.retry).toBe(retry)
      expect(JSON.stringify(read)).not.toMatch(secrets)
      expect(JSON.stringify(read)).toMatch(new RegExp(`${status}|refuses`, 'u'))
    },
  )
})
