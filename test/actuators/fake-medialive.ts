import { startAwsServer, type AwsReply } from '../fakes/aws-server.ts'

interface FakeAction {
  readonly actionName: string
  readonly scheduleActionStartSettings: object
  readonly scheduleActionSettings: {
    readonly inputSwitchSettings?: { readonly inputAttachmentNameReference: string }
  }
}

/**
 * One running channel, as far as the actuator may use it (API 2017-10-14: DescribeChannel,
 * DescribeSchedule, BatchUpdateSchedule). Its schedule is told one action at a time. Pipelines follow a switch after so many looks.
 */
export async function startFakeMedialive(attachments: readonly string[]) {
  let active: (string | undefined)[] = [attachments[0], attachments[0]]
  let status = 'RUNNING'
  let looksUntil = 0
  let coming: string | undefined
  const switches: string[] = []
  let planned: FakeAction[] = []
  let isScheduleLost = false

  function json(body: object, wrote = false): AwsReply {
    return { type: 'application/json', body: JSON.stringify(body), wrote }
  }

  function channel(): AwsReply {
    if (coming !== undefined && looksUntil === 0) {
      const next = coming
      active = active.map(() => next)
      coming = undefined
    } else looksUntil = Math.max(0, looksUntil - 1)
    return json({
      id: '1234567',
      state: status,
      inputAttachments: attachments.map((name, index) => ({
        inputAttachmentName: name,
        inputId: `${index}`,
      })),
      pipelineDetails: active.map((name, index) => ({
        pipelineId: `${index}`,
        activeInputAttachmentName: name,
        activeInputSwitchActionName: '',
      })),
    })
  }

  function schedule(body: string, refuse: (says: string) => AwsReply): AwsReply {
    const given = JSON.parse(body) as {
      readonly creates?: {
        readonly scheduleActions: readonly FakeAction[]
      }
    }
    const [action, ...more] = given.creates?.scheduleActions ?? []
    if (action === undefined || more.length > 0 || Object.keys(given).length !== 1) {
      return refuse(`not one action: ${body}`)
    }
    const start = JSON.stringify(action.scheduleActionStartSettings)
    if (start !== '{"immediateModeScheduleActionStartSettings":{}}') return refuse(start)
    const to = action.scheduleActionSettings.inputSwitchSettings?.inputAttachmentNameReference
    if (to === undefined || !attachments.includes(to)) return refuse(`switches to ${to}`)
    if (planned.some(({ actionName }) => actionName === action.actionName)) {
      return refuse(`${action.actionName} twice`)
    }
    planned.push(action)
    switches.push(to)
    coming = to
    return json({ creates: { scheduleActions: [action] } }, true)
  }

  /** One page of the schedule, with a single action. */
  function page({ searchParams }: URL, refuse: (says: string) => AwsReply): AwsReply {
    if (isScheduleLost) return json({})
    const at = Number(searchParams.get('nextToken') ?? 0)
    if (!Number.isInteger(at) || Number(searchParams.get('maxResults')) > 1_000) {
      return refuse(`a page ${searchParams}`)
    }
    const more = at + 1 < planned.length
    return json({
      scheduleActions: planned.slice(at, at + 1),
      ...(more && { nextToken: `${at + 1}` }),
    })
  }

  const server = await startAwsServer(
    { service: 'medialive', region: 'eu-central-1' },
    ({ method, url, body }, refuse) => {
      if (method === 'GET' && url.pathname === '/prod/channels/1234567') return channel()
      if (method === 'PUT' && url.pathname === '/prod/channels/1234567/schedule') {
        return schedule(body, refuse)
      }
      if (method === 'GET' && url.pathname === '/prod/channels/1234567/schedule') {
        return page(url, refuse)
      }
      return refuse(`${method} ${url.pathname}`)
    },
  )
  return {
    ...server,
    state: () => ({ active, switches: [...switches] }),
    switches,
    play: (...names: (string | undefined)[]) => void (active = names),
    become: (state: string) => void (status = state),
    /** Somebody else's action, beside those that were asked for. */
    plan: (actionName: string, attachment: string) => {
      planned.push({
        actionName,
        scheduleActionStartSettings: {
          fixedModeScheduleActionStartSettings: { time: '2026-03-10T01:36:41.958Z' },
        },
        scheduleActionSettings: {
          inputSwitchSettings: { inputAttachmentNameReference: attachment },
        },
      })
    },
    /** Actions get another name than the one they were asked for under, such as an older one. */
    rename: (change: (name: string) => string) => {
      planned = planned.map((each) => ({ ...each, actionName: change(each.actionName) }))
    },
    loseSchedule: () => void (isScheduleLost = true),
    /** Pipelines show the next switch only after so many looks. */
    followAfter: (looks: number) => void (looksUntil = looks),
  }
}
