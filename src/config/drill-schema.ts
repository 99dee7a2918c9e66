import { z } from 'zod'
import { bitRate, duration } from '../plugin/option-types.ts'
import { timeZone, weeklyPeriod } from './calendar-fields.ts'
import { name, plainUrl, whole } from './fields.ts'

/** A drill as parsed. */
export type FileDrill = z.output<ReturnType<typeof drill>>

/** How often drills may move the traffic of a group, and how long it may go without one that passed. */
export function groupDrills() {
  return {
    drill_budget: z
      .strictObject({
        changes: whole(1, 1_000).prefault(4).describe('At most this many drills move traffic …'),
        per: duration('1m', '30d').prefault('1d').describe('… within this time.'),
      })
      .prefault({})
      .describe(
        'How often drills may move traffic. They count in `budget` too, but for its last slot.',
      ),
    drill_within: duration('1h', '365d')
      .optional()
      .describe('People are told when no drill passed for so long. Nobody is if absent.'),
  }
}

/** The drills of the file, and what becomes of their reports. */
export function drills() {
  return {
    drills: z.array(drill()).max(500).prefault([]).describe('Rehearsals of a failover.'),
    drill_reports: z
      .strictObject({
        directory: z
          .string()
          .min(1)
          .max(1_000)
          .optional()
          .describe('Folder for them. A folder beside the store if absent.'),
        keep: whole(1, 10_000).prefault(200).describe('How many are kept.'),
      })
      .prefault({})
      .describe('Reports of drills, as HTML, JSON and JUnit.'),
  }
}

function drill() {
  return z.strictObject({
    name: name().describe('Its name, for the command line and in reports.'),
    group: z.string().min(3).max(127).describe('What is rehearsed: `<stream>/<group>`.'),
    kind: z
      .enum(['observe', 'advise', 'switch', 'fault', 'load'])
      .describe(
        '`observe`: is everything ready? `advise`: would it be decided rightly? `switch`: moves traffic and returns it. `fault`: breaks a path, which the watchdog must find. `load`: virtual viewers pull the standby.',
      ),
    cron: z
      .string()
      .max(100)
      .optional()
      .describe(
        'When it runs: minute, hour, day of the month, month, day of the week. On demand only if absent.',
      ),
    timezone: timeZone(),
    away_from: name()
      .optional()
      .describe(
        'The path to be left. The one that carries most if absent; for `load` the standby.',
      ),
    stay: duration('1s', '1d')
      .prefault('5m')
      .describe('How long traffic stays away, or viewers pull.'),
    max: duration('2s', '2d')
      .prefault('15m')
      .describe('When it must be back at the latest; later than that, people are paged.'),
    objectives: objectives(),
    abort_if: z
      .strictObject({
        standby: z
          .array(z.enum(['degraded', 'contested']))
          .max(2)
          .prefault(['degraded'])
          .describe('Healths of the standby that end it; down and unknown always do.'),
        viewer_gap: duration('1s', '1h')
          .optional()
          .describe('It ends when the public name shows nothing good for longer than this.'),
      })
      .prefault({})
      .describe('What ends it before its time. A hold, another mode and a freeze always do.'),
    blocked_by: z
      .enum(['critical', 'error', 'warning', 'info'])
      .prefault('warning')
      .describe('Open incidents of the group of this severity and worse keep it from starting.'),
    window: z
      .array(weeklyPeriod())
      .max(20)
      .prefault([])
      .describe('Only within one of these times. At any time if there is none.'),
    fault: z
      .strictObject({
        lab: plainUrl().optional().describe('Control address of a lab; with `target` and `fault`.'),
        target: z.string().min(1).max(200).optional().describe("What breaks, by the lab's name."),
        fault: name().optional().describe('How it breaks: a fault of the lab.'),
        value: z.number().optional().describe("The fault's number, in its own unit."),
        begin: plainUrl().optional().describe('Or: an address that is told to break the path …'),
        end: plainUrl().optional().describe('… and one that is told to heal it.'),
      })
      .optional()
      .describe('How a drill of kind `fault` breaks the path.'),
    load: z
      .strictObject({
        viewers: whole(1, 1_000).describe('At most this many virtual viewers …'),
        bits_per_second: bitRate('1kbps', '100Gbps').describe(
          '… and at most this much for all of them together.',
        ),
      })
      .optional()
      .describe('The ceiling of a drill of kind `load`; there is none without it.'),
  })
}

function objectives() {
  const time = (says: string) => duration('1ms', '1d').optional().describe(says)
  return z
    .strictObject({
      detect: time('`fault`: from the fault until the path is called down.'),
      decide: time('From there, or from the order, until the intent.'),
      apply: time('Until every required actuator shows it.'),
      verify: time('From then until fresh looks are good.'),
      effective: time('Apply, and what the actuators declare until it is in effect everywhere.'),
      viewer_gap: time('The longest time without a good look through the public name.'),
      return: time('From when the return is due until it is applied.'),
    })
    .prefault({})
    .describe('The longest that each may take; what takes longer fails the drill.')
}
