import { z } from 'zod'
import { byteSize, duration, secretUrl } from '../plugin/option-types.ts'
import { calendar } from './calendar-fields.ts'
import { groupContinuity } from './continuity-fields.ts'
import { drills, groupDrills } from './drill-schema.ts'
import { fraction, listenAddress, name, plainUrl, referenceTarget, whole } from './fields.ts'
import { failback, flaps } from './failback-fields.ts'
import { groupSharing } from './sharing-schema.ts'
import { profileNames, profiles } from './profiles.ts'
import type { Profile, ProfileDefaults } from './profiles.ts'
import { path } from './path-schema.ts'
import { routeSchema } from './route-fields.ts'
import { ruleChanges } from './rule-fields.ts'

/** The types of plug-ins that a file may name. */
export interface PluginTypes {
  readonly probes: readonly string[]
  readonly actuators: readonly string[]
  readonly notifiers: readonly string[]
}

/** Keys of a path, an actuator and a route that belong to Changeover; the others to the plug-in. */
export const commonKeys = {
  probe: ['type', 'every', 'domain', 'rules', 'weight', 'max_weight', 'capacity', 'witnesses'],
  witness: ['type', 'every', 'rules'],
  actuator: ['type', 'required'],
  notifier: [
    'type',
    'name',
    'min_severity',
    'only',
    'when',
    'after',
    'repeat',
    'instead_of',
    'together',
  ],
} as const

/** The file as parsed: defaults filled in, durations in milliseconds, plug-ins' options untouched. */
export type FileSettings = z.output<ReturnType<typeof fileSchema>>
export type FileGroup = z.output<ReturnType<typeof group>>

/**
 * The whole file, strict, with the defaults of one profile. Options of plug-ins pass through: they
 * are judged by the plug-in's own schema (`plugin-options.ts`).
 */
export function fileSchema(profile: Profile, types: PluginTypes) {
  const d = profiles[profile]
  return z.strictObject({
    mode: z
      .enum(['off', 'advise', 'armed'])
      .prefault('advise')
      .describe(
        '`off`: only watch. `advise`: decide and explain, change nothing. `armed`: move traffic.',
      ),
    profile: z
      .enum(profileNames)
      .prefault('default')
      .describe('A set of defaults. `broadcast` looks every second; `demo` is for the demo alone.'),
    vantage: vantage(),
    vantages: z
      .array(
        z.strictObject({
          name: name().describe('Name of a vantage.'),
          domain: name()
            .optional()
            .describe('Its failure domain, such as the provider. Its own name if absent.'),
        }),
      )
      .min(1)
      .max(100)
      .optional()
      .describe('All vantages whose votes count, this one included. Only this one if absent.'),
    store: z
      .string()
      .regex(/^sqlite:./u, 'expected sqlite:<file>, such as sqlite:./changeover.db')
      .prefault('sqlite:./changeover.db')
      .describe('Where journal, holds and budgets are kept: `sqlite:<file>`.'),
    listen: listen(),
    tokens: z
      .array(token())
      .max(100)
      .prefault([])
      .describe('Bearer tokens. Without any, a token file is made beside the store.'),
    public_url: plainUrl()
      .optional()
      .describe('Address of the status page as people reach it, for links in notices.'),
    heartbeat: z
      .strictObject({
        url: secretUrl('https', 'http').describe(
          'The address of a service that raises the alarm when it is not called; a secret.',
        ),
        every: duration('10s', '1h').prefault('1m').describe('How often it is called.'),
      })
      .optional()
      .describe(
        'Tells somebody outside that Changeover lives, only while every group is evaluated.',
      ),
    rules: z
      .array(z.string().min(1).max(1_000))
      .max(20)
      .prefault([])
      .describe('Directories with rule files of your own.'),
    shipped_rules: z
      .boolean()
      .prefault(true)
      .describe('Whether the rule packs that come with Changeover are used.'),
    timing: timing(d),
    recording: recording(),
    installation: installation(d),
    streams: z
      .record(name(), stream(d, types))
      .refine((streams) => Object.keys(streams).length > 0, 'expected at least one stream')
      .describe('The streams, by name.'),
    ...drills(),
    notify: z
      .array(routeSchema(types.notifiers))
      .max(50)
      .prefault([])
      .describe('Who is told, and how.'),
  })
}

function vantage() {
  return z
    .strictObject({
      name: name().prefault('local').describe('Name of the place that this process looks from.'),
      domain: name().optional().describe('Its failure domain. Its own name if absent.'),
      reference: z
        .array(referenceTarget())
        .max(10)
        .prefault([])
        .describe('Targets that tell whether this vantage itself can see: URLs or `dns:<server>`.'),
    })
    .prefault({})
    .describe('The place that this process looks from.')
}

function listen() {
  return z
    .strictObject({
      operator: listenAddress()
        .prefault('127.0.0.1:8642')
        .describe('Status page, API and metrics: `host:port`.'),
      public: listenAddress()
        .optional()
        .describe(
          'What load balancers and players ask (`/serve`, `/evict`), and what PagerDuty and Slack tell (`/hooks/notify`). Off if absent.',
        ),
      agent: listenAddress()
        .optional()
        .describe('What agent-checks of HAProxy ask, over TCP (`haproxy-agent`). Off if absent.'),
    })
    .prefault({})
    .describe('Addresses to listen on.')
}

function token() {
  return z.strictObject({
    name: name().describe('Whose token it is, for the journal.'),
    role: z
      .enum(['viewer', 'operator'])
      .describe('`viewer` reads; `operator` also steers, holds and releases.'),
    token: z.string().min(16).max(512).describe('The token itself; write `${ENV}` or `${file:…}`.'),
  })
}

function timing(d: ProfileDefaults) {
  return z
    .strictObject({
      every: duration('100ms', '5m').prefault(d.every).describe('How often a path is looked at.'),
      for: duration('0s', '1h')
        .prefault(d.for)
        .describe('How long bad without a break before a rule is active.'),
      ratio: z
        .strictObject({
          bad: whole(1, 100).prefault(6).describe('This many bad looks …'),
          of: whole(1, 100).prefault(12).describe('… of the last this many also activate a rule.'),
        })
        .prefault({})
        .describe('Catches a path that fails again and again for less than `for`.'),
      clear_for: duration('0s', '1h')
        .prefault(d.clear_for)
        .describe('How long good before a rule is clear again.'),
      stale_after: duration('500ms', '1h')
        .prefault(d.stale_after)
        .describe('Health is unknown once the newest look is older than this.'),
    })
    .prefault({})
    .describe('How quickly rules judge where a rule file does not say.')
}

function recording() {
  return z
    .strictObject({
      directory: z
        .string()
        .min(1)
        .max(1_000)
        .optional()
        .describe('Folder for it, of this process alone. Nothing is recorded if absent.'),
      max_bytes: byteSize('1MiB', '16GiB').prefault('256MiB').describe('Size of one file …'),
      files: whole(2, 1_000).prefault(8).describe('… and how many are kept.'),
    })
    .prefault({})
    .describe('Keeps what was seen and done, for `changeover replay`.')
}

function installation(d: ProfileDefaults) {
  return z
    .strictObject({
      blast_radius: z
        .strictObject({
          groups: whole(1, 10_000).prefault(1).describe('At least this many groups may change …'),
          fraction: fraction().prefault(0.25).describe('… or this part of all groups, if more …'),
          per: duration('1s', '1d').prefault(d.blast_per).describe('… within this time.'),
          beyond: z
            .enum(['queue', 'freeze'])
            .prefault('queue')
            .describe(
              '`queue`: the others wait, by `priority`. `freeze`: each freezes until a person looks.',
            ),
        })
        .prefault({})
        .describe('How much of the installation may change at once; further changes wait.'),
      calendar: calendar().describe('Freezes and change windows of every group.'),
    })
    .prefault({})
    .describe('Limits over all groups together.')
}

function stream(d: ProfileDefaults, types: PluginTypes) {
  return z.strictObject({
    title: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Name for people, on the status page and in notices. The key if absent.'),
    tags: z
      .array(name())
      .max(50)
      .prefault([])
      .describe('Words that routes of notices and silences may name.'),
    rules: ruleChanges()
      .optional()
      .describe('Rules by name, judged otherwise for every path of the stream; `off`: not at all.'),
    groups: z
      .record(name(), group(d, types))
      .refine((groups) => Object.keys(groups).length > 0, 'expected at least one group')
      .describe('Sets of interchangeable paths under one switch, by name.'),
  })
}

/** One path group, without the options of its plug-ins. */
export function group(d: ProfileDefaults, types: PluginTypes) {
  return z.strictObject({
    strategy: z
      .enum(['standby', 'weighted'])
      .prefault('standby')
      .describe(
        '`standby`: one path carries everything, the others stand by. `weighted`: they share the traffic.',
      ),
    role: z
      .enum(['ingest', 'delivery'])
      .optional()
      .describe(
        '`ingest`: the paths carry the stream to the servers, and failback is made by a person; `delivery`: from them to viewers. By the probe of the first path if absent.',
      ),
    paths: z
      .record(name(), path(types.probes))
      .refine((paths) => Object.keys(paths).length > 0, 'expected at least one path')
      .describe('The paths in order of preference: the first is the preferred one.'),
    rules: ruleChanges()
      .optional()
      .describe("As the stream's `rules`, for the paths of this group."),
    priority: whole(0, 1_000)
      .prefault(500)
      .describe('Where the blast radius lets only some groups go, the higher goes first.'),
    ...groupSharing(),
    quorum: quorum(),
    verify: verify(d, types),
    holddown: duration('1s', '1d')
      .prefault(d.holddown)
      .describe('No second change sooner than this after one was applied.'),
    budget: z
      .strictObject({
        changes: whole(1, 1_000).prefault(d.changes).describe('At most this many changes …'),
        per: duration('1m', '7d')
          .prefault(d.per)
          .describe('… within this time; then the group freezes until a person looks.'),
      })
      .prefault({})
      .describe('How many changes may happen by themselves.'),
    ...groupDrills(),
    failback: failback(d),
    flaps: flaps(d),
    ...groupContinuity(),
    calendar: calendar().describe("This group's own freezes and change windows."),
    page_after: duration('1s', '1h')
      .prefault(d.page_after)
      .describe('An active path down for longer than this pages, whatever the reason.'),
    observe_every: duration('1s', '10m')
      .prefault('10s')
      .describe('How often actuators are read back, to notice edits by others.'),
    implied_hold: duration('1m', '1d')
      .prefault('30m')
      .describe('How long an edit by others, or a steer, holds the group.'),
    precheck_ttl: duration('1s', '5m')
      .prefault('10s')
      .describe('How old the last look at the target may be when the change begins.'),
    lease: z
      .strictObject({
        ttl: duration('3s', '5m').prefault('15s').describe('How long leadership lasts unrenewed.'),
        renew: duration('500ms', '2m').prefault('5s').describe('How often it is renewed.'),
      })
      .prefault({})
      .describe('Leadership of the group: only the leader changes anything.'),
    call_timeout: duration('100ms', '1m')
      .prefault('4s')
      .describe('The longest that one call to an actuator may take.'),
    actuators: z
      .array(actuator(types))
      .max(20)
      .prefault([])
      .describe('What moves the traffic, in the order of applying.'),
  })
}

function quorum() {
  return z
    .strictObject({
      at_least: whole(1, 100).prefault(2).describe('This many vantages must agree …'),
      fraction: fraction().prefault(0.5).describe('… or this part of all vantages, if more …'),
      domains: whole(1, 100).prefault(2).describe('… in at least this many failure domains.'),
      min_fresh: whole(1, 100)
        .prefault(2)
        .describe('With fewer vantages that know, health is unknown.'),
      confirm: z
        .enum(['witnesses', 'none'], {
          error: ({ input }) =>
            input === 'viewers'
              ? 'nothing tells yet what viewers see; give the paths `witnesses`, which are checks by another protocol or of what a server says'
              : 'expected witnesses or none',
        })
        .prefault('witnesses')
        .describe('Whether the `witnesses` of a path may veto that it is down.'),
    })
    .prefault({})
    .describe('How many vantages must agree. Never more than there are.')
}

function verify(d: ProfileDefaults, types: PluginTypes) {
  return z
    .strictObject({
      url: z
        .string()
        .min(1)
        .max(4_000)
        .optional()
        .describe("The viewers' public name, looked at after a change. Not looked at if absent."),
      type: z
        .enum(types.probes)
        .optional()
        .describe("The probe that looks at `url`. The first path's, with its options, if absent."),
      for: duration('1s', '10m')
        .prefault(d.verify_for)
        .describe('How long it must be good after a change.'),
    })
    .prefault({})
    .describe('How a change is verified.')
}

function actuator(types: PluginTypes) {
  return z.looseObject({
    type: z.enum(types.actuators).describe('The actuator.'),
    required: z
      .boolean()
      .prefault(true)
      .describe('`false`: best effort; the change does not fail with this actuator.'),
  })
}
