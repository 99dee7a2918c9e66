import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, ActuatorPlugin, ApplyResult, Observed } from '../../src/plugin/actuator.ts'
import type { ActuatorHarness, TargetFault } from '../contract/actuator-contract.ts'
import { onlyTo } from '../fakes/aws-server.ts'

/** A target on loopback that remembers what it should not have been asked. */
export interface FakeTarget {
  readonly url: string
  readonly violations: readonly string[]
  state(): object
  fail(fault: TargetFault): Promise<void>
  close(): Promise<void>
}

const never = new AbortController().signal

/** A push actuator on a fake that it alone can reach. */
export function pushScene<Target extends FakeTarget>(
  plugin: ActuatorPlugin,
  fake: Target,
  {
    paths,
    given,
    callTimeoutMs = 800,
  }: { readonly paths: readonly string[]; readonly given: object; readonly callTimeoutMs?: number },
) {
  if (plugin.mode !== 'push') throw new Error('not a push actuator')
  const clock = realClock()
  const net = createNet({ clock })
  const actuator = plugin.create(plugin.options.parse(given), {
    clock,
    ids: realIds(),
    group: 'ch/cdn',
    paths,
    callTimeoutMs,
    net: onlyTo(fake.url, net),
  })
  return {
    fake,
    actuator,
    paths,
    observe: () => observe(actuator),
    move: (to: Readonly<Record<string, number>>) => move(actuator, to),
    close: async (): Promise<void> => {
      await net.close()
      await fake.close()
      if (fake.violations.length > 0) throw new Error(fake.violations.join('; '))
    },
  }
}

/** The same as a harness of the contract suite. */
export function harnessOf(
  { fake, actuator, paths, close }: ReturnType<typeof pushScene<FakeTarget>>,
  { edit, secrets }: { readonly edit: () => void; readonly secrets: readonly string[] },
): ActuatorHarness {
  return {
    actuator,
    paths,
    state: () => fake.state(),
    editByHand: async () => edit(),
    fail: (fault) => fake.fail(fault),
    secrets,
    close,
  }
}

async function observe(actuator: Actuator): Promise<Observed> {
  const result = await actuator.observe(never)
  if (!result.ok) throw new Error(result.says)
  return result.observed
}

async function move(
  actuator: Actuator,
  to: Readonly<Record<string, number>>,
): Promise<ApplyResult> {
  const observed = await observe(actuator)
  const [step, ...more] = actuator.plan(observed, to)
  if (step === undefined || more.length > 0) throw new Error('not one step')
  return await actuator.apply(step, observed.version, never)
}
