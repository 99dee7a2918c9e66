import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import elbv2 from '../../src/actuators/elbv2.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { stubAwsCredentials } from '../fakes/aws-server.ts'
import { awsKey } from '../fakes/aws-signature.ts'
import {
  forward,
  groupArn,
  listenerArn,
  ruleArn,
  startFakeElbv2,
  type FakeAction,
} from './fake-elbv2.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const groups = { 'cdn-a': groupArn('a'), 'cdn-b': groupArn('b'), 'cdn-c': groupArn('c') }
const atFirst = () => [forward({ a: 100, b: 0, c: 0 })]

const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  await import('@aws-sdk/client-elastic-load-balancing-v2')
})

beforeEach(stubAwsCredentials)

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  vi.unstubAllEnvs()
})

async function begin(actions: readonly FakeAction[], listener: string = listenerArn) {
  const fake = await startFakeElbv2(actions)
  const given = { listener, target_groups: groups, endpoint: fake.url }
  return pushScene(elbv2, fake, { paths, given })
}

async function scene(actions: readonly FakeAction[] = atFirst(), listener: string = listenerArn) {
  const begun = await begin(actions, listener)
  closing.push(begun.close)
  return begun
}

for (const listener of [listenerArn, ruleArn]) {
  actuatorContract(`elbv2 (${listener === ruleArn ? 'rule' : 'listener'})`, async () => {
    const begun = await begin(atFirst(), listener)
    return harnessOf(begun, {
      edit: () => begun.fake.set([forward({ a: 7, b: 0, c: 3 })]),
      secrets: [awsKey.id, awsKey.secret],
    })
  })
}

describe('the elbv2 actuator', () => {
  it('observes weights as shares, and says what else the listener forwards to', async () => {
    const action = forward({ a: 300, b: 100, c: 0, canary: 5 })
    if (action.ForwardConfig !== undefined) {
      action.ForwardConfig.TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: 600 }
    }
    const { observe } = await scene([action])

    const observed = await observe()

    expect(observed.allocation).toEqual({ 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 })
    expect(observed.says).toBe(
      'the load balancer has cdn-a at weight 300, cdn-b at weight 100, cdn-c at weight 0, and target group canary, which is no path of this group; viewers stay with a target group for 600 s',
    )
  })

  it.each<[readonly FakeAction[], string]>([
    [
      [forward({ a: 1, b: 0 })],
      'it does not forward to target group c: add it there first, with weight 0',
    ],
    [[{ Type: 'redirect' }], 'the listener or rule does not forward'],
    [
      [{ Type: 'forward', TargetGroupArn: groupArn('a') }],
      'it does not forward to target group b: add it there first, with weight 0',
    ],
  ])('cannot observe %j', async (actions, says) => {
    const { actuator } = await scene(actions)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('cannot observe a listener that is not there', async () => {
    const { actuator } = await scene(atFirst(), `${listenerArn}0`)

    expect(await actuator.observe(never)).toMatchObject({
      ok: false,
      retry: false,
      says: expect.stringContaining('400 ListenerNotFound'),
    })
  })

  it('changes weights in one call, and keeps sign-in, stickiness and other target groups', async () => {
    const signIn = {
      Type: 'authenticate-oidc',
      Order: 1,
      AuthenticateOidcConfig: { Issuer: 'https://id.example', ClientId: 'live', ClientSecret: 'x' },
    }
    const action = { ...forward({ a: 100, b: 0, c: 0, canary: 5 }), Order: 2 }
    const { fake, move } = await scene([signIn, action])

    const result = await move({ 'cdn-a': 20, 'cdn-b': 80 })

    expect(result.result).toBe('applied')
    expect(fake.writes).toHaveLength(1)
    expect(fake.writes[0]?.[0]?.AuthenticateOidcConfig).toMatchObject({ ClientId: 'live' })
    expect(fake.writes[0]?.[1]?.ForwardConfig?.TargetGroups).toEqual([
      { TargetGroupArn: groupArn('a'), Weight: 20 },
      { TargetGroupArn: groupArn('b'), Weight: 80 },
      { TargetGroupArn: groupArn('c'), Weight: 0 },
      { TargetGroupArn: groupArn('canary'), Weight: 5 },
    ])
    expect(fake.writes[0]?.[1]?.ForwardConfig?.TargetGroupStickinessConfig).toEqual({
      Enabled: false,
    })
  })

  it('takes an edit of anything else in the actions as an edit', async () => {
    const { fake, actuator, observe } = await scene()
    const observed = await observe()
    const [step] = actuator.plan(observed, { 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')

    fake.set([forward({ a: 100, b: 0, c: 0, canary: 1 })])
    const result = await actuator.apply(step, observed.version, never)

    expect(result).toMatchObject({ result: 'conflict' })
    expect(fake.writes).toEqual([])
  })

  it.each([
    ['the weights as they were', atFirst],
    ['none', undefined],
  ])('does not believe a write whose answer shows %s', async (_, shown) => {
    const { fake, move } = await scene()
    const member = (shown?.() ?? []).map(() => '<member><Type>fixed-response</Type></member>')
    fake.scriptWrite({
      body: `<ModifyListenerResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><ModifyListenerResult><Listeners><member><DefaultActions>${member.join('')}</DefaultActions></member></Listeners></ModifyListenerResult></ModifyListenerResponse>`,
    })

    expect(await move({ 'cdn-b': 100 })).toMatchObject({ result: 'unknown' })
  })

  it.each([
    [400, 'TooManyTargetGroups', { result: 'failed', retry: false }],
    [400, 'Throttling', { result: 'failed', retry: true }],
    [403, 'AccessDenied', { result: 'failed', retry: false }],
    [500, 'InternalFailure', { result: 'unknown' }],
  ])('takes the answer %i %s to a write as %j', async (status, code, expected) => {
    const { fake, move } = await scene()
    fake.scriptWrite({
      status,
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>said so</Message></Error></ErrorResponse>`,
    })

    expect(await move({ 'cdn-b': 100 })).toMatchObject(expected)
  })

  it('refuses a step that leaves nothing', async () => {
    const { actuator, observe } = await scene()
    const { version } = await observe()

    const data = { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 0 }
    expect(await actuator.apply({ says: 'empty it', data }, version, never)).toEqual({
      result: 'failed',
      retry: false,
      says: 'no target group would be left to serve',
    })
  })

  it('says what it needs for a listener and for a rule', () => {
    const needs = (listener: string) =>
      elbv2.capabilities(elbv2.options.parse({ listener, target_groups: groups })).permissions

    expect(needs(listenerArn).join()).toContain('ModifyListener on arn:')
    expect(needs(ruleArn).join()).toContain('ModifyRule on arn:')
  })
})
