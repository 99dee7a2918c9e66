import type { Alerting } from '../app/alerting/alerting-options.ts'
import type { CommandResult } from '../core/command.ts'
import { describeMatch } from '../core/silence.ts'
import { timeText } from '../core/time-text.ts'
import type { SilenceCommand } from './watchdog-port.ts'

/** Does what a person asks for about silences; `wall` is the time now. */
export function silenceCommand(
  alerting: Pick<Alerting, 'silence' | 'endSilence'>,
  command: SilenceCommand,
  wall: number,
): CommandResult {
  if (command.kind === 'end-silence') {
    const ended = alerting.endSilence(command.id, command.actor, command.reason)
    if (ended !== undefined) {
      return { ok: true, says: `the silence of ${describeMatch(ended.match)} is over` }
    }
    const todo = 'Silences: changeover silence list.'
    return { ok: false, code: 'not-found', says: `there is no silence ${command.id}`, todo }
  }
  const { match, actor, reason, inMs, forMs } = command
  const from = wall + inMs
  const silence = alerting.silence({ match, owner: actor, reason, from, until: from + forMs })
  if (silence === undefined) {
    const todo = 'End some first: changeover silence list.'
    return { ok: false, code: 'refused', says: 'there are too many silences', todo }
  }
  const begins = inMs === 0 ? '' : ` from ${timeText(from)}`
  const until = timeText(silence.until)
  const says = `nobody is told of ${describeMatch(match)}${begins} until ${until} UTC; decisions go on (silence ${silence.id})`
  return { ok: true, says }
}
