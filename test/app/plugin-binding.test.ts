import { z } from 'zod'
import { expect, it } from 'vitest'
import { alertRoutes, bindActuators, probeOf, type Plugins } from '../../src/app/plugin-binding.ts'
import type { Notice } from '../../src/core/notice.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { ActuatorContext, ActuatorPlugin, Capabilities } from '../../src/plugin/actuator.ts'
import { groupSettings } from '../fakes/group-settings.ts'
import { noNet, pass, scriptedProbe } from './scripted-probe.ts'
import { sceneSettings } from './watchdog-scene.ts'

const clock = new SimulatedClock()
const ids = { next: () => 'id-1' }
const notice = { id: 'n-1', title: 'cdn-a is down' } as Notice

function capabilities(mode: Capabilities['mode'], layer?: Capabilities['layer']): Capabilities {
  return {
    shape: 'weights',
    mode,
    ...(layer !== undefined && { layer }),
    reversible: true,
    settleMs: 0,
    compareAndSet: 'atomic',
    permissions: [],
  }
}

function bindable() {
  const created: { options: unknown; context: ActuatorContext }[] = []
  const sent: { options: unknown; notice: Notice; callTimeoutMs: number }[] = []
  const push: ActuatorPlugin = {
    type: 'push',
    summary: 'Written to.',
    options: z.unknown(),
    mode: 'push',
    capabilities: () => capabilities('push'),
    create: (options, context) => {
      created.push({ options, context })
      return {
        observe: async () => ({ ok: false, retry: true, says: 'closed' }),
        plan: () => [],
        apply: async () => ({ result: 'applied' }),
      }
    },
  }
  const pull: ActuatorPlugin = {
    type: 'pull',
    summary: 'Asked.',
    options: z.unknown(),
    mode: 'pull',
    route: 'serve',
    capabilities: () => capabilities('pull'),
    answer: () => ({ status: 200, body: '' }),
  }
  const dns: ActuatorPlugin = {
    ...push,
    type: 'dns',
    capabilities: () => capabilities('push', 'dns'),
  }
  const plugins: Plugins = {
    probes: [scriptedProbe(() => pass())],
    actuators: [push, pull, dns],
    notifiers: [
      {
        type: 'webhook',
        summary: 'Posts.',
        options: z.unknown(),
        send: async (options, each, { callTimeoutMs }) => {
          sent.push({ options, notice: each, callTimeoutMs })
          return { ok: true }
        },
      },
    ],
  }
  return { plugins, created, sent }
}

it('actuators that are asked come first and DNS last, else as configured', () => {
  const { plugins } = bindable()
  const group = groupSettings({
    actuators: [
      { type: 'dns', options: {}, required: true },
      { type: 'push', options: { at: 1 }, required: true },
      { type: 'pull', options: {}, required: false },
      { type: 'push', options: { at: 2 }, required: false },
    ],
  })

  const bound = bindActuators({ clock, ids, net: noNet, plugins }, group)

  expect(bound.map(({ type, required }) => [type, required])).toEqual([
    ['pull', false],
    ['push', true],
    ['push', false],
    ['dns', true],
  ])
  expect(bound.map(({ target }) => target !== undefined)).toEqual([false, true, true, true])
})

it('an actuator gets its options, and the names and call time-out of its group', () => {
  const { plugins, created } = bindable()
  const group = groupSettings({
    callTimeoutMs: 2_500,
    actuators: [{ type: 'push', options: { at: 1 }, required: true }],
  })

  bindActuators({ clock, ids, net: noNet, plugins }, group)

  expect(created).toEqual([
    {
      options: { at: 1 },
      context: {
        clock,
        ids,
        net: noNet,
        group: 'channel-1/cdn',
        paths: ['cdn-a', 'cdn-b'],
        callTimeoutMs: 2_500,
      },
    },
  ])
})

it('a route sends by its plug-in with its options', async () => {
  const { plugins, sent } = bindable()
  const settings = sceneSettings({
    notify: [{ route: 'ops', type: 'webhook', options: { url: 'x' }, minSeverity: 'error' }],
  })

  const [route] = alertRoutes({ clock, net: noNet, plugins }, settings)
  await route?.send(notice)

  expect(route).toMatchObject({ route: 'ops', minSeverity: 'error' })
  expect(sent).toEqual([{ options: { url: 'x' }, notice, callTimeoutMs: 10_000 }])
})

it('a type that no plug-in has is a defect, and named', () => {
  const { plugins } = bindable()
  const parts = { clock, ids, net: noNet, plugins }
  const group = groupSettings({ actuators: [{ type: 'gdnsd', options: {}, required: true }] })

  expect(() => probeOf(plugins, 'srt')).toThrow('no probe plug-in of type srt')
  expect(() => bindActuators(parts, group)).toThrow('no actuator plug-in of type gdnsd')
  expect(() => alertRoutes(parts, sceneSettings())).toThrow('no notifier plug-in of type page')
})
