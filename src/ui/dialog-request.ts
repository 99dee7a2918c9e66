import type { Silence } from '../core/silence.ts'
import type { DrillPlanView, GroupView, IncidentView, RunningDrillView } from '../core/view.ts'
import { coverInWords, type SilenceAbout } from './silence-choice.ts'

/** What a person wants to do, before it is explained and done. */
export type DialogRequest =
  | { readonly kind: 'steer' | 'hold' | 'release' | 'ack' | 'adopt'; readonly group: GroupView }
  | { readonly kind: 'ack-incident'; readonly incident: IncidentView }
  | { readonly kind: 'silence'; readonly about: SilenceAbout }
  | { readonly kind: 'end-silence'; readonly silence: Silence }
  | { readonly kind: 'drill'; readonly plan: DrillPlanView }
  | { readonly kind: 'abort-drill'; readonly running: RunningDrillView }

/** Title, button and first paragraph of the dialog for a request. */
export function dialogTexts(request: DialogRequest): {
  readonly title: string
  readonly button: string
  readonly explanation: string
} {
  switch (request.kind) {
    case 'steer':
      return {
        title: `Steer ${nameOf(request.group)}`,
        button: 'Move the traffic',
        explanation: '',
      }
    case 'hold':
      return {
        title: `Hold ${nameOf(request.group)}`,
        button: 'Hold',
        explanation: `The traffic stays on ${request.group.active ?? 'what carries it'}, also if that fails, until the hold ends or somebody releases it. Watching and paging go on.`,
      }
    case 'release':
      return {
        title: `Release ${nameOf(request.group)}`,
        button: 'Release',
        explanation:
          'The group reads the world back and then decides by itself again. If the active path is down, it may move at once.',
      }
    case 'ack':
      return {
        title: `Acknowledge ${nameOf(request.group)}`,
        button: 'Acknowledge',
        explanation: `Frozen: ${request.group.frozen?.says ?? 'a person must look'}. The group reads the world back and then decides by itself again.`,
      }
    case 'adopt':
      return {
        title: `Adopt ${nameOf(request.group)}`,
        button: 'Adopt',
        explanation:
          'Changeover takes over what others wrote at the actuators of this group, as it is now, and manages it from then on.',
      }
    case 'ack-incident':
      return {
        title: 'Look after an incident',
        button: 'I look after it',
        explanation: `${request.incident.title}. Escalation stops; everybody sees your name. Nothing is moved.`,
      }
    case 'drill':
      return { title: `Start drill ${request.plan.name}`, button: 'Start it now', explanation: '' }
    case 'abort-drill': {
      const { group, kind, plan } = request.running
      const isMove = kind === 'switch' || kind === 'fault'
      return {
        title: `Abort drill ${plan}`,
        button: 'Abort it',
        explanation: `The drill of ${group} ends now, and counts as ABORTED.${isMove ? ' What it moved or broke is put back as soon as the path that it left is well.' : ' It moved nothing.'}`,
      }
    }
    case 'silence':
      return { title: 'Silence', button: 'Silence', explanation: '' }
    case 'end-silence':
      return {
        title: 'End a silence',
        button: 'End it now',
        explanation: `From now on people are told of ${coverInWords(request.silence.match)} again, and at once of what is wrong already.`,
      }
  }
}

function nameOf(group: GroupView): string {
  return `${group.title} (${group.name})`
}
