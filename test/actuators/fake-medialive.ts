import { startAwsServer, type AwsReply } from '../fakes/aws-server.ts'

/**
 * One running channel, as far as the actuator may use it (API 2017-10-14: DescribeChannel,
 * BatchUpdateSchedule). Pipelines follow a switch after so many looks.
 */
export async function startFakeMedialive(attachments: readonly string[]) {
  let active: (string | undefined)[] = [attachments[0], attachments[0]]
  let status = 'RUNNING'
  let looksUntil = 0
  let coming: string | undefined
  const switches: string[] = []
  const names = new Set<string>()

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
        readonly scheduleActions: readonly {
          readonly actionName: string
          readonly scheduleActionStartSettings: object
          readonly scheduleActionSettings: {
            readonly inputSwitchSettings?: { readonly inputAttachmentNameReference: string }
          }
        }[]
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
    if (names.has(action.actionName)) return refuse(`${action.actionName} twice`)
    names.add(action.actionName)
    switches.push(to)
    coming = to
    return json({ creates: { scheduleActions: [action] } }, true)
  }

  const server = await startAwsServer(
    { service: 'medialive', region: 'eu-central-1' },
    ({ method, url, body }, refuse) => {
      if (method === 'GET' && url.pathname === '/prod/channels/1234567') return channel()
      if (method === 'PUT' && url.pathname === '/prod/channels/1234567/schedule') {
        return schedule(body, refuse)
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
    /** Pipelines show the next switch only after so many looks. */
    followAfter: (looks: number) => void (looksUntil = looks),
  }
}
