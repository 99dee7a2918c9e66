import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPagerduty, type PagerdutyServer } from '../fakes/pagerduty-server.ts'
import { bot, buttonOf, startSlackApi } from '../fakes/slack-api-server.ts'
import { startPostedJson } from '../fakes/posted-json.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { freePort } from '../real/haproxy-process.ts'
import { install, type Installation } from './installation.ts'

/** Groups without a server; their incidents page on-call at once and the lead a little later. */
function configuration(parts: {
  pagerduty: string
  slack: string
  lead: string
  ports: readonly number[]
}): string {
  const [operator, open, nobody] = parts.ports
  return `mode: advise
profile: demo
listen: { operator: "127.0.0.1:${operator}", public: "127.0.0.1:${open}" }
timing: { every: 500ms, for: 1s, clear_for: 5s, stale_after: 3s }
streams:
  looked-after:
    groups:
      cdn: { paths: { cdn-a: { type: tcp, url: "tcp://127.0.0.1:${nobody}" } } }
  pressed:
    groups:
      cdn: { paths: { cdn-a: { type: tcp, url: "tcp://127.0.0.1:${nobody}" } } }
  forgotten:
    groups:
      cdn: { paths: { cdn-a: { type: tcp, url: "tcp://127.0.0.1:${nobody}" } } }
notify:
  - type: pagerduty
    name: on-call
    routing_key: a1b2c3d4e5f60718293a4b5c6d7e8f90
    webhook_secret: ${secret}
    url: ${parts.pagerduty}
  - type: slack
    name: chat
    token: ${bot.token}
    channel: ${bot.channel}
    signing_secret: ${bot.signing_secret}
    api_url: ${parts.slack}
  - type: webhook
    name: lead
    after: 15s
    url: ${parts.lead}
`
}

const secret = 'the-secret-of-the-subscription'
let pagerduty: PagerdutyServer
let slack: Awaited<ReturnType<typeof startSlackApi>>
let lead: Awaited<ReturnType<typeof startPostedJson>>
let changeover: Installation
const leadHeard: string[] = []

beforeAll(async () => {
  pagerduty = await startPagerduty()
  slack = await startSlackApi()
  lead = await startPostedJson((body) => {
    leadHeard.push((body as { key: string }).key)
    return { status: 200, text: '' }
  })
  const ports = [await freePort(), await freePort(), await freePort()]
  const services = { pagerduty: pagerduty.url, slack: slack.api, lead: lead.url }
  changeover = await install(configuration({ ...services, ports }))
  const clock = realClock()
  slack.listens(`http://127.0.0.1:${ports[1]}/hooks/notify/chat`, () => clock.wall())
  const url = `http://127.0.0.1:${ports[1]}/hooks/notify/on-call`
  pagerduty.subscription = { url, secrets: ['the-next-secret', secret] }
})
afterAll(async () => {
  await changeover?.stop()
  await lead?.close()
  await slack?.close()
  await pagerduty?.close()
})

/** Open incidents of which people were told: that of a path hides behind that of its group. */
async function told() {
  const { incidents } = await changeover.view()
  return incidents.filter((each) => each.told.length > 0)
}

test('who acknowledges in PagerDuty or Slack looks after the incident here: the next in line is not told', async () => {
  const key = await changeover.until('PagerDuty is told of the first', 60_000, async () =>
    [...pagerduty.alerts.keys()].find((each) => each.includes('looked-after/cdn#all-down')),
  )
  const first = await changeover.until('Slack is told of the second', 60_000, async () =>
    slack.top().find(({ text }) => text.includes('pressed/cdn: every path is down')),
  )

  await pagerduty.person('Nina', 'acknowledges', key)
  const pressed = await slack.press(first.ts, 'sam')

  await changeover.until('the lead hears of what nobody looks after', 60_000, async () =>
    leadHeard.some((each) => each.includes('forgotten')) ? true : undefined,
  )
  const wholes = (await told()).filter((each) => each.path === undefined)
  const by = wholes.map((each) => [each.group, each.acknowledgedBy])
  expect(Object.fromEntries(by)).toEqual({
    'looked-after/cdn': 'Nina (on-call)',
    'pressed/cdn': 'sam (chat)',
    'forgotten/cdn': undefined,
  })
  // All are equally old: what the lead was to hear, it has heard by now.
  expect(leadHeard.filter((each) => !each.includes('forgotten'))).toEqual([])
  expect(pressed).toBe(200)
  expect(pagerduty.alerts.get(key)).toBe('acknowledged')
  // What we told of Sam's press came back from there in our own name, and was passed over; what we
  // told of Nina changed nothing there: nothing goes round in a circle.
  const acknowledged = pagerduty.webhooks.filter((each) => each.includes('acknowledged'))
  expect(acknowledged.toSorted()).toEqual([
    'incident.acknowledged by Changeover: 200',
    'incident.acknowledged by Nina: 200',
  ])
  // The thread shows who looks after it, and has no button any more.
  const thread = slack.top().find(({ ts }) => ts === first.ts)
  expect(thread?.text).toContain('ACKNOWLEDGED')
  expect(buttonOf(thread)).toBeUndefined()
  expect(JSON.stringify(slack.replies(first.ts))).toContain('sam (chat)')
  const says = (await changeover.journal()).map((entry) => entry.says)
  expect(says.filter((each) => each.includes('acknowledged by Nina (on-call)'))).toHaveLength(1)
})

test('what is resolved there by a person stays open here, and what is not signed changes nothing', async () => {
  const key =
    [...pagerduty.alerts.keys()].find((each) => each.includes('forgotten/cdn#all-down')) ?? ''
  const { subscription } = pagerduty
  if (subscription === undefined) throw new Error('nobody listens')

  pagerduty.subscription = { ...subscription, secrets: ['guessed-by-somebody'] }
  await pagerduty.person('Eve', 'acknowledges', key)
  const afterEve = await told()
  pagerduty.subscription = subscription
  await pagerduty.person('Nina', 'resolves', key)
  const afterNina = await told()

  const byGroup = (list: typeof afterEve) =>
    list.find(({ key }) => key === 'forgotten/cdn#all-down')
  expect(pagerduty.webhooks.slice(-2)).toEqual([
    'incident.acknowledged by Eve: 401',
    'incident.resolved by Nina: 200',
  ])
  expect(byGroup(afterEve)).not.toHaveProperty('acknowledgedBy')
  expect(byGroup(afterNina)).toMatchObject({
    acknowledgedBy: 'Nina (on-call)',
    acknowledgedFor: 'resolved in PagerDuty, which is no all clear: it stays open here',
  })
})
