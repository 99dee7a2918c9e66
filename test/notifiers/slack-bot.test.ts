import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Notice } from '../../src/core/notice.ts'
import slack from '../../src/notifiers/slack.ts'
import type { NotifierContext } from '../../src/plugin/notifier.ts'
import type { ReadReactions } from '../../src/plugin/reaction.ts'
import { fullNotice, notifierContract } from '../contract/notifier-contract.ts'
import {
  bot,
  buttonOf,
  formOf,
  interactionOf,
  signedHeaders,
  startSlackApi,
  type BotMessage,
} from '../fakes/slack-api-server.ts'
import { notifierContext } from './context.ts'

type Server = Awaited<ReturnType<typeof startSlackApi>>

notifierContract(slack, async () => {
  const server = await startSlackApi()
  return {
    options: (url = server.url) => ({ ...bot, api_url: `${url}/api/` }),
    secrets: [bot.token, bot.signing_secret],
    incidents: () =>
      server.messages.map(({ blocks }) => String(blocks[0]?.block_id).split('-')[1] ?? ''),
    intercept: (answer) => server.intercept(answer),
    confirms: true,
    close: () => server.close(),
  }
})

/** Sends notices as alerting does: what a delivery gave is handed back with the next notice. */
function teller(server: Server, context: NotifierContext, options: object = {}) {
  const given = slack.options.parse({ ...bot, api_url: server.api, ...options })
  const receipts = new Map<string, string>()
  return async (change: Partial<Notice> = {}) => {
    const notice = fullNotice({ id: `n-${server.calls.length}`, ...change })
    const receipt = receipts.get(notice.key)
    const delivery = await slack.send(given, notice, {
      ...context,
      ...(receipt !== undefined && { receipt }),
    })
    if (delivery.ok && delivery.receipt !== undefined) {
      const keys = [notice.key, ...(notice.also ?? []).map(({ key }) => key)]
      for (const key of keys) receipts.set(key, delivery.receipt)
    }
    return delivery
  }
}

const headline = (message: BotMessage | undefined) => {
  const [first] = message?.blocks ?? []
  return first?.type === 'header' ? first.text.text : undefined
}
const colour = (message: BotMessage | undefined) => message?.attachments[0]?.color

describe('an incident in a channel of a bot', () => {
  const context = notifierContext()

  test('is one thread, whose first message shows its state in words, colour and button', async () => {
    const server = await startSlackApi()
    const tell = teller(server, context())
    const seen: (readonly [string | undefined, string | undefined, string | undefined])[] = []
    for (const change of [
      {},
      { title: 'cdn-a is worse' },
      { action: 'acknowledge', acknowledgedBy: 'Nina (slack)' },
      { action: 'resolve', acknowledgedBy: 'Nina (slack)' },
    ] as const) {
      await tell(change)
      const [first] = server.top()
      seen.push([headline(first), colour(first), buttonOf(first)?.text.text])
    }

    await server.close()
    const title = 'channel-1/cdn: cdn-a is down: no new segment for 12.5s'
    expect(seen).toEqual([
      [`CRITICAL: ${title}`, '#a30200', 'Acknowledge'],
      ['CRITICAL: cdn-a is worse', '#a30200', 'Acknowledge'],
      [`ACKNOWLEDGED CRITICAL: ${title}`, '#5b5fc7', undefined],
      [`OVER CRITICAL: ${title}`, '#2eb886', undefined],
    ])
    expect(server.top()).toHaveLength(1)
    expect(server.replies(server.top()[0]?.ts ?? '').map(headline)).toEqual([
      'CRITICAL: cdn-a is worse',
      `ACKNOWLEDGED CRITICAL: ${title}`,
      `OVER CRITICAL: ${title}`,
    ])
  })

  test('shows in the channel too what people must not miss in a thread', async () => {
    const server = await startSlackApi()
    const tell = teller(server, context())

    await tell()
    await tell()
    await tell({ action: 'acknowledge' })

    await server.close()
    expect(server.messages.map((each) => each.reply_broadcast)).toEqual([undefined, true, false])
  })

  test('changes every identity of a block with the message', async () => {
    const server = await startSlackApi()
    const tell = teller(server, context())
    const ids: (string | undefined)[] = []

    for (let index = 0; index < 3; index += 1) {
      await tell()
      ids.push(server.top()[0]?.blocks[0]?.block_id)
    }

    await server.close()
    expect(new Set(ids).size).toBe(3)
  })

  test('has no button where a press would not reach us', async () => {
    const server = await startSlackApi()

    await teller(server, context(), { signing_secret: undefined })()

    await server.close()
    expect(buttonOf(server.messages[0])).toBeUndefined()
  })

  test('that was told with others is acknowledged with them, and ends in their thread, seen in the channel', async () => {
    const server = await startSlackApi()
    const tell = teller(server, context())
    const also = [
      { key: 'channel-1/cdn/cdn-b', severity: 'error', title: 'cdn-b is down' },
    ] as const

    await tell({ also })
    await tell({ key: 'channel-1/cdn/cdn-b', title: 'cdn-b is down', action: 'resolve' })

    await server.close()
    const [first] = server.top()
    expect(buttonOf(first)?.text.text).toBe('Acknowledge all 2')
    expect(buttonOf(first)?.value?.split(',')).toHaveLength(2)
    expect(headline(first)).toContain('cdn-a is down')
    expect(first?.changes).toBe(0)
    expect(server.messages[1]).toMatchObject({ thread_ts: first?.ts, reply_broadcast: true })
    expect(headline(server.messages[1])).toBe('OVER CRITICAL: cdn-b is down')
  })

  test('that was told with hundreds has a button that Slack takes', async () => {
    const server = await startSlackApi()
    const also = Array.from({ length: 500 }, (_, index) => {
      return { key: `k${index}`, severity: 'error', title: 't' } as const
    })

    const delivery = await teller(server, context())({ also })

    await server.close()
    expect(delivery).toMatchObject({ ok: true })
    expect(buttonOf(server.messages[0])?.text.text).toBe('Acknowledge the first 100')
  })

  test.for([
    ['its first message was deleted', (server: Server) => server.messages.splice(0)],
    ['nothing is known of its thread any more', undefined],
  ] as const)('is told in a message of its own where %s, never not at all', async ([, lose]) => {
    const server = await startSlackApi()
    const before = teller(server, context())
    await before()
    lose?.(server)

    const tell = lose === undefined ? teller(server, context()) : before
    const delivery = await tell({ action: 'resolve' })

    await server.close()
    expect(delivery).toMatchObject({ ok: true, receipt: expect.stringContaining(bot.channel) })
    expect(headline(server.top().at(-1))).toContain('OVER')
  })

  test('is told in its thread though its first message may not be changed any more', async () => {
    const server = await startSlackApi()
    const tell = teller(server, context())
    await tell()
    server.refuse('chat.update', 'edit_window_closed')

    const delivery = await tell({ action: 'resolve' })

    await server.close()
    expect(delivery).toEqual({ ok: true })
    expect(server.replies(server.top()[0]?.ts ?? '')).toHaveLength(1)
  })

  test('is replied to once, though the change of its first message had to be tried again', async () => {
    const server = await startSlackApi()
    const tell = teller(server, context())
    await tell()
    server.refuse('chat.update', 'internal_error')

    const first = await tell({ action: 'resolve' })
    const second = await tell({ action: 'resolve' })

    await server.close()
    expect([first, second]).toMatchObject([{ ok: false, retry: true }, { ok: true }])
    expect(server.replies(server.top()[0]?.ts ?? '')).toHaveLength(1)
  })

  test.for(['no receipt', 'C1 x y', `${bot.channel} 1.1 nothex`, '<script> 1.1 0123456789abcdef'])(
    'takes what is no receipt of ours for none: %s',
    async (receipt) => {
      const server = await startSlackApi()
      const options = slack.options.parse({ ...bot, api_url: server.api })

      const delivery = await slack.send(options, fullNotice(), { ...context(), receipt })

      await server.close()
      expect(delivery).toMatchObject({ ok: true })
      expect(server.calls).toEqual(['chat.postMessage'])
    },
  )
})

describe('a refusal of Slack in an answer 200', () => {
  const context = notifierContext()

  test.for([
    ['ratelimited', true],
    ['rate_limited', true],
    ['internal_error', true],
    ['fatal_error', true],
    ['service_unavailable', true],
    ['invalid_auth', false],
    ['channel_not_found', false],
    ['not_in_channel', false],
    ['is_archived', false],
    ['token_revoked', false],
    ['msg_too_long', false],
    ['some_word_not_known_yet', false],
  ] as const)('%s is tried again: %s', async ([word, retry]) => {
    const server = await startSlackApi()
    server.refuse('chat.postMessage', word)

    const delivery = await teller(server, context())()

    await server.close()
    expect(delivery).toMatchObject({
      ok: false,
      retry,
      says: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:\\d+ answered: ${word}$`, 'u')),
    })
  })

  test('hands on how long Slack asks to wait', async () => {
    const server = await startSlackApi()
    server.intercept((_request, response) => {
      response.writeHead(200, { 'retry-after': '30' })
      response.end('{"ok":false,"error":"ratelimited"}')
      return true
    })

    const delivery = await teller(server, context())()

    await server.close()
    expect(delivery).toMatchObject({ retry: true, retryAfterMs: 30_000 })
  })

  test('repeats nothing that is no word', async () => {
    const server = await startSlackApi()
    server.refuse('chat.postMessage', `see ${bot.token}`)

    const delivery = await teller(server, context())()

    await server.close()
    expect(delivery).toMatchObject({ says: expect.stringMatching(/an error without a word$/u) })
  })
})

describe('a press of the button', () => {
  const wall = 1_800_000_100_000
  const options = slack.options.parse(bot)
  const read = (body: string | Buffer, headers: Record<string, string>, at = wall): ReadReactions =>
    slack.reactions?.read(options, { headers, body: Buffer.from(body) }, at) ?? {
      ok: false,
      cause: 'unsigned',
    }
  const signed = (body: string, at = wall) =>
    read(body, signedHeaders(body, at, bot.signing_secret))
  const context = notifierContext()

  async function pressedMessage(change: Partial<Notice> = {}): Promise<BotMessage> {
    const server = await startSlackApi()
    await teller(server, context())(change)
    await server.close()
    const [message] = server.messages
    if (message === undefined) throw new Error('nothing was posted')
    return message
  }

  test('says who looks after which incidents', async () => {
    const also = [{ key: 'k2', severity: 'error', title: 't' }] as const
    const message = await pressedMessage({ also })

    const given = signed(formOf(interactionOf(message, 'nina', wall)))

    expect(given).toMatchObject({
      reactions: [
        { kind: 'acknowledged', actor: 'nina', at: wall },
        { kind: 'acknowledged', actor: 'nina', at: wall },
      ],
    })
    const about = given.ok ? given.reactions.map(({ isAbout }) => isAbout) : []
    const keys = ['channel-1/cdn/cdn-a', 'k2', 'k3']
    expect(keys.map((key) => about.map((isAbout) => isAbout(key)))).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ])
  })

  test('is refused when any byte of it is another', async () => {
    const body = Buffer.from(formOf(interactionOf(await pressedMessage(), 'nina', wall)))
    const headers = signedHeaders(body, wall, bot.signing_secret)
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(body)
        altered[at] = (altered[at] ?? 0) ^ change

        expect(read(altered, headers)).toEqual({ ok: false, cause: 'unsigned' })
      }),
    )
    expect(read(body, headers)).toMatchObject({ ok: true })
  })

  test.for([
    [301_000, false],
    [299_000, true],
    [-299_000, true],
    [-301_000, false],
  ] as const)('%i ms after it was sent is taken: %s', async ([ms, isTaken]) => {
    const body = formOf(interactionOf(await pressedMessage(), 'nina', wall))

    expect(read(body, signedHeaders(body, wall, bot.signing_secret), wall + ms).ok).toBe(isTaken)
  })

  test('is refused when its time was made newer', async () => {
    const body = formOf(interactionOf(await pressedMessage(), 'nina', wall))
    const headers = signedHeaders(body, wall, bot.signing_secret)
    const later = { ...headers, 'x-slack-request-timestamp': String(wall / 1_000 + 600) }

    expect(read(body, later, wall + 600_000)).toEqual({ ok: false, cause: 'unsigned' })
  })

  test.for<[string, Record<string, string>]>([
    ['no header', {}],
    ['no signature', { 'x-slack-signature': '' }],
    ['another version', { 'x-slack-signature': `v1=${'0'.repeat(64)}` }],
    ['a time that is none', { 'x-slack-request-timestamp': 'now' }],
    ['the signature of another secret', signedHeaders('payload={}', wall, 'another-secret-0123')],
  ])('is refused with %s, and without a word why', ([name, change]) => {
    const good = name === 'no header' ? {} : signedHeaders('payload={}', wall, bot.signing_secret)

    expect(read('payload={}', { ...good, ...change })).toEqual({ ok: false, cause: 'unsigned' })
  })

  test.for([
    ['no form', 'hello', 'The body is not an interaction of Slack.'],
    ['no JSON in it', 'payload=%7B', 'The body is not an interaction of Slack.'],
    ['no user', formOf({ type: 'block_actions', actions: [] }), 'does not say who pressed what'],
    [
      'no time',
      formOf({ type: 'block_actions', user: { id: 'U1' }, actions: [{ action_id: 'x' }] }),
      'does not say who pressed what',
    ],
  ] as const)('that is signed and has %s is malformed', ([, body, says]) => {
    expect(signed(body)).toMatchObject({
      ok: false,
      cause: 'malformed',
      says: expect.stringContaining(says),
    })
  })

  test('on a link, and anything else that Slack tells of, is taken and does nothing', () => {
    const link = {
      type: 'block_actions',
      user: { id: 'U1', name: 'nina' },
      actions: [{ action_id: 'open-page', action_ts: '1800000100.0' }],
    }

    expect(signed(formOf(link))).toEqual({ ok: true, reactions: [] })
    expect(signed(formOf({ type: 'view_closed' }))).toEqual({ ok: true, reactions: [] })
  })

  test('never throws, whatever is signed', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `payload=${json}`),
        ),
        (body) => {
          expect(signed(body)).toMatchObject({ ok: false, cause: 'malformed' })
        },
      ),
    )
  })
})

describe('the options of slack', () => {
  const url = 'https://hooks.slack.com/services/x'

  test.for<[string, object, string]>([
    ['nothing', {}, 'url'],
    ['a webhook and a bot', { url, token: bot.token, channel: bot.channel }, 'url'],
    ['a bot without a channel', { token: bot.token }, 'channel'],
    ['a channel without a bot', { url, channel: bot.channel }, 'channel'],
    ['the name of a channel', { token: bot.token, channel: '#hunter2' }, 'channel'],
    ['a token of a person', { token: 'xoxp-hunter2-0123456789', channel: bot.channel }, 'token'],
    ['a button at a webhook', { url, signing_secret: 'hunter2hunter2hunter2' }, 'signing_secret'],
  ])('do not take %s, and the message does not repeat it', ([, written, at]) => {
    const parsed = slack.options.safeParse(written)

    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toContain(at)
    expect(parsed.error?.message).not.toContain('hunter2')
  })

  test('listen only where the app is known by its secret', () => {
    const isOn = (given: object) => slack.reactions?.isOn(slack.options.parse(given))
    const { token, channel } = bot

    expect([isOn({ url }), isOn({ token, channel }), isOn(bot)]).toEqual([false, false, true])
  })
})

describe('asking Slack about a bot', () => {
  const context = notifierContext()

  async function check(prepare: (server: Server) => void) {
    const server = await startSlackApi()
    prepare(server)
    const options = slack.options.parse({ ...bot, api_url: server.api })
    const checked = await slack.check?.(options, context())
    await server.close()
    expect(server.messages).toEqual([])
    return checked
  }

  test('posts nothing, and knows a good one', async () => {
    expect(await check(() => {})).toEqual({
      result: 'good',
      says: `Slack knows the bot and ${bot.channel}; nothing was posted`,
    })
  })

  test.for([
    ['auth.test', 'invalid_auth', 'bad', 'invalid_auth'],
    ['auth.test', 'token_revoked', 'bad', 'token_revoked'],
    ['conversations.info', 'channel_not_found', 'bad', 'channel_not_found'],
    ['conversations.info', 'missing_scope', 'good', 'shows with the first notice'],
  ] as const)('%s that answers %s is %s', async ([method, word, result, says]) => {
    const checked = await check((server) => server.refuse(method, word))

    expect(checked).toMatchObject({ result, says: expect.stringContaining(says) })
  })

  test.for([
    [{ is_archived: true, is_member: true }, 'bad', 'is archived'],
    [{ is_archived: false, is_member: false }, 'unknown', 'is no member'],
  ] as const)('looks at the channel: %o', async ([channel, result, says]) => {
    const checked = await check((server) => {
      server.intercept((request, response) => {
        if (request.url !== '/api/conversations.info') return false
        response.writeHead(200).end(JSON.stringify({ ok: true, channel }))
        return true
      })
    })

    expect(checked).toMatchObject({ result, says: expect.stringContaining(says) })
  })
})
