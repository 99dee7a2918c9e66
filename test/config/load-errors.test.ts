import { describe, expect, it } from 'vitest'
import { errorsOf, loadText, smallFile } from './load-text.ts'

const group = 'streams.channel-1.groups.cdn'
const url = 'url: "https://a.example/"'

/** The top of the file in line 1, the group's keys from line 9, the first path's own in line 7. */
const table: readonly [name: string, text: string, ...errors: string[]][] = [
  ['an empty file', '', ' expected a map, got nothing'],
  ['a comment alone', '# nothing', ' expected a map, got nothing'],
  ['a scalar', 'hello', '1:1: expected a map, got "hello"'],
  ['a list', '- a', '1:1: expected a map, got a list'],
  ['no streams', 'mode: off', ' streams: missing; expected a map'],
  ['empty streams', 'streams: {}', '1:10: streams: expected at least one stream'],
  ['a key without a value', smallFile('timing:'), '1:8: timing: expected a map, got nothing'],
  [
    'a stream without groups',
    'streams: { a: { groups: {} } }',
    '1:25: streams.a.groups: expected at least one group',
  ],
  [
    'a group without paths',
    'streams: { a: { groups: { b: { paths: {} } } } }',
    '1:39: streams.a.groups.b.paths: expected at least one path',
  ],
  ['tabs', 'mode: off\n\tprofile: demo', '2:1: tabs cannot indent YAML; use spaces'],
  ['a missing quote', 'mode: "off\n', '2:1: missing closing "quote'],
  [
    'two documents',
    'mode: off\n---\nmode: off',
    '2:1: expected one document; remove what follows the --- line',
  ],
  ['a tag', 'mode: !secret x', '1:7: tags (!name) are not supported'],
  [
    'an unquoted reference in a flow map',
    'streams: { a: ${KEY} }',
    '1:16: inside { } and [ ] a text with ${…} must be quoted',
  ],
  [
    'a duplicate key',
    smallFile('mode: off\nmode: armed'),
    '2:1: mode: duplicate key; it already stands in line 1',
  ],
  [
    'an alias without its anchor',
    smallFile('mode: *nope'),
    '1:7: mode: no anchor of this name stands above',
  ],
  [
    'an anchor that contains itself',
    smallFile('timing: &t { ratio: *t }'),
    '1:21: timing.ratio: an anchor must not contain itself',
  ],
  [
    'a merge key without a map',
    smallFile('timing: { <<: 5 }'),
    '1:9: timing: << takes a map, such as an alias of one',
  ],
  ['a key that is a list', smallFile('? [a]\n: b'), '1:3: a key must be a plain name'],
  [
    'a key that is nearly right',
    smallFile('shiped_rules: true'),
    '1:1: shiped_rules: unknown key; did you mean "shipped_rules"?',
  ],
  [
    'a key of a later version',
    smallFile('timing: { calendar: [] }'),
    '1:11: timing.calendar: unknown key; known: clear_for, every, for, ratio, stale_after',
  ],
  [
    'a nearly right choice',
    smallFile('mode: amred'),
    '1:7: mode: expected off, advise or armed, got "amred"; did you mean "armed"?',
  ],
  [
    'a number without a unit',
    smallFile('timing: { every: 5 }'),
    '1:18: timing.every: expected a duration from 100ms to 5m with its unit, such as 100ms, got 5',
  ],
  [
    'a duration out of bounds',
    smallFile('', 'holddown: 9d'),
    `9:19: ${group}.holddown: expected a duration from 1s to 1d, got "9d"`,
  ],
  [
    'a number out of bounds',
    smallFile('timing: { ratio: { bad: 0, of: 101 } }'),
    '1:25: timing.ratio.bad: expected a whole number from 1 to 100, got 0',
    '1:32: timing.ratio.of: expected a whole number from 1 to 100, got 101',
  ],
  [
    'a number that is none',
    smallFile('installation: { blast_radius: { fraction: .nan, groups: 1.5 } }'),
    '1:43: installation.blast_radius.fraction: expected a number from 0 to 1, got NaN',
    '1:57: installation.blast_radius.groups: expected a whole number from 1 to 10000, got 1.5',
  ],
  [
    'a text for a switch',
    smallFile('shipped_rules: yes'),
    '1:16: shipped_rules: expected true or false, got "yes"',
  ],
  [
    'a bad name',
    'streams: { Channel_1: { groups: { b: { paths: { p: { type: connect, address: abc } } } } } }',
    '1:12: streams.Channel_1: a name is 1 to 63 lower-case letters, digits and hyphens, and begins with a letter or digit',
  ],
  [
    'a store that is not built',
    smallFile('store: postgres://user:pw@db.example/changeover'),
    '1:8: store: expected sqlite:<file>, such as sqlite:./changeover.db, got "postgres://db.example/…"',
  ],
  [
    'an address without a port',
    smallFile('listen: { operator: localhost }'),
    '1:21: listen.operator: expected host:port, such as 127.0.0.1:8642 or [::1]:8642',
  ],
  [
    'one address for both listeners',
    smallFile('listen: { public: "127.0.0.1:8642" }'),
    '1:19: listen.public: is the same address as listen.operator',
  ],
  [
    'one address for agent-checks and another listener',
    smallFile('listen: { public: "127.0.0.1:7000", agent: "127.0.0.1:7000" }'),
    '1:44: listen.agent: is the same address as listen.public',
  ],
  [
    'an address of the page with a password',
    smallFile('public_url: https://me:pw@page.example/'),
    '1:13: public_url: expected an absolute http or https URL without user and password',
  ],
  [
    'a reference target of another kind',
    smallFile('vantage: { reference: [ "ping:9.9.9.9" ] }'),
    '1:25: vantage.reference[0]: expected an http or https URL or dns:<server address>, such as https://example.org/ or dns:9.9.9.9',
  ],
  [
    'a short token',
    smallFile('tokens: [ { name: me, role: operator, token: short } ]'),
    '1:46: tokens[0].token: expected a text of 16 to 512 characters',
  ],
  [
    'two tokens of one name',
    smallFile(`tokens:
  - { name: me, role: viewer, token: 0123456789abcdef }
  - { name: me, role: operator, token: 0123456789abcdeg }`),
    '3:13: tokens[1].name: another token has the name me',
  ],
  [
    'a ratio that cannot be reached',
    smallFile('timing: { ratio: { bad: 9, of: 6 } }'),
    '1:25: timing.ratio.bad: 9 of the last 6 can never be bad',
  ],
  [
    'a list of vantages without this one',
    smallFile('vantages: [ { name: fra } ]'),
    '1:1: vantages: must also list this vantage, local',
  ],
  [
    'two domains for one vantage',
    smallFile('vantage: { domain: x }\nvantages: [ { name: local, domain: y } ]'),
    '1:20: vantage.domain: the list of vantages says that the domain of local is y',
  ],
  [
    'the same vantage twice',
    smallFile('vantages: [ { name: local }, { name: local } ]'),
    '1:38: vantages[1].name: another vantage has the name local',
  ],
  [
    'a key of weighted groups in another',
    smallFile('', 'ramp: { steps: [100], every: 1m }'),
    `9:9: ${group}.ramp: belongs to strategy: weighted`,
  ],
  [
    'a weight in a standby group',
    smallFile('', '', 'weight: 5'),
    `7:65: ${group}.paths.cdn-a.weight: belongs to strategy: weighted`,
  ],
  [
    'steps that do not rise to the end',
    smallFile('', 'strategy: weighted\nramp: { steps: [50, 10], every: 1m }'),
    `10:24: ${group}.ramp.steps: must rise and end with 100`,
  ],
  [
    'a maximum below the share that is configured',
    smallFile('', 'strategy: weighted', 'max_weight: 40'),
    `7:77: ${group}.paths.cdn-a.max_weight: is less than its configured share of 50 %`,
  ],
  [
    'weights that are all 0',
    'streams: { a: { groups: { b: { strategy: weighted, paths: { c: { type: pull, url: "https://a.example/", weight: 0 } } } } } }',
    '1:52: streams.a.groups.b.paths: every weight is 0',
  ],
  [
    'more paths that must serve than there are',
    smallFile('', 'strategy: weighted\nmin_serving: 3'),
    `10:22: ${group}.min_serving: there are only 2 paths`,
  ],
  [
    'a capacity without a unit',
    smallFile('', '', 'capacity: 400'),
    `7:75: ${group}.paths.cdn-a.capacity: expected a bit rate from 1kbps to 1000Tbps with its unit, such as 1000Tbps, got 400`,
  ],
  [
    'a lease that one lost renewal ends',
    smallFile('', 'lease: { ttl: 6s, renew: 4s }'),
    `9:34: ${group}.lease.renew: must be at most half of lease.ttl (3s), so that one renewal may fail`,
  ],
  [
    'a call that outlasts the lease',
    smallFile('', 'call_timeout: 10s'),
    `9:23: ${group}.call_timeout: must be shorter than what is left of the lease between renewals (10s)`,
  ],
  [
    'a calendar of a time that is none, in a zone that is none',
    smallFile('', 'calendar: [{ name: x, from: "6pm", to: "25:00", timezone: Mars }]'),
    `9:37: ${group}.calendar[0].from: expected a time of day such as "18:00", or a date and time such as "2026-12-24 18:00"`,
    `9:48: ${group}.calendar[0].to: expected a time of day such as "18:00", or a date and time such as "2026-12-24 18:00"`,
    `9:67: ${group}.calendar[0].timezone: expected a time zone such as UTC or Europe/Berlin`,
  ],
  [
    'a calendar that mixes dates and times of day',
    smallFile('', 'calendar: [{ name: x, from: "2026-12-24 18:00", to: "20:00" }]'),
    `9:61: ${group}.calendar[0].to: must be of the form of \`from\`: both times of day, or both dates and times`,
  ],
  [
    'a calendar that ends before it begins, on days that dates have of their own',
    smallFile(
      '',
      'calendar: [{ name: x, days: [mon], from: "2026-12-24 18:00", to: "2026-12-24 17:00" }]',
    ),
    `9:37: ${group}.calendar[0].days: belongs to times of day, not to dates`,
    `9:74: ${group}.calendar[0].to: must be after \`from\``,
  ],
  [
    'two entries of a calendar with one name, and a window of failback without length',
    smallFile(
      'installation: { calendar: [{ name: x, from: "01:00", to: "02:00" }, { name: x, from: "01:00", to: "02:00" }] }',
      'failback: { window: [{ from: "01:00", to: "01:00" }] }',
    ),
    '1:77: installation.calendar[1].name: another entry of this calendar has the name x',
    `9:51: ${group}.failback.window[0].to: is when it begins; the whole day is 00:00 to 24:00`,
  ],
  [
    'a flapping path that is forgiven before it is suppressed',
    smallFile('', 'flaps: { suppress: 1000, reuse: 1000 }'),
    `9:41: ${group}.flaps.reuse: must be less than flaps.suppress (1000)`,
  ],
  [
    'a failback that can never wait long enough',
    smallFile('', 'failback: { stable_for: 1h, max_wait: 30m }'),
    `9:47: ${group}.failback.max_wait: must be at least failback.stable_for (1h)`,
  ],
  [
    'an unknown probe',
    'streams: { a: { groups: { b: { paths: { p: { type: pul } } } } } }',
    '1:52: streams.a.groups.b.paths.p.type: expected pull or connect, got "pul"; did you mean "pull"?',
  ],
  [
    'a path without a probe',
    'streams: { a: { groups: { b: { paths: { p: { url: x } } } } } }',
    '1:41: streams.a.groups.b.paths.p.type: missing; expected pull or connect',
  ],
  [
    'a path that is no map',
    'streams: { a: { groups: { b: { paths: { p: https://a.example/ } } } } }',
    '1:44: streams.a.groups.b.paths.p: expected a map, got "https://a.example/…"',
  ],
  [
    'a misspelt option of a probe and a misspelt key of ours beside it',
    'streams: { a: { groups: { b: { paths: { p: { type: pull, urll: x, evry: 5s } } } } } }',
    '1:41: streams.a.groups.b.paths.p.url: missing; expected an absolute http or https URL',
    '1:58: streams.a.groups.b.paths.p.urll: unknown key; did you mean "url"?',
    '1:67: streams.a.groups.b.paths.p.evry: unknown key; did you mean "every"?',
  ],
  [
    "a probe's number out of bounds",
    `streams: { a: { groups: { b: { paths: { p: { type: pull, ${url}, depth: 12 } } } } } }`,
    '1:92: streams.a.groups.b.paths.p.depth: expected a whole number from 1 to 9, got 12',
  ],
  [
    'a bad URL, never repeated',
    'streams: { a: { groups: { b: { paths: { p: { type: pull, url: "user:pw@host/x" } } } } } }',
    '1:63: streams.a.groups.b.paths.p.url: expected an absolute http or https URL',
  ],
  [
    'an address that is none',
    `streams: { a: { groups: { b: { paths: { p: { type: pull, ${url}, address: x } } } } } }`,
    '1:94: streams.a.groups.b.paths.p.address: expected an IPv4 address, got "x"',
  ],
  [
    'the reserved path name',
    'streams: { a: { groups: { b: { paths: { verify: { type: connect, address: abc } } } } } }',
    '1:41: streams.a.groups.b.paths.verify: this name is taken by the look at verify.url; give the path another',
  ],
  [
    'a bad public name',
    smallFile('', 'verify: { url: live }'),
    `9:24: ${group}.verify.url: expected an absolute http or https URL`,
  ],
  [
    'a probe of a public name that is not given',
    smallFile('', 'verify: { type: pull }'),
    `9:19: ${group}.verify.type: says how verify.url is looked at, but there is no verify.url`,
  ],
  [
    'a public name for a probe that takes no URL',
    smallFile('', 'verify: { type: connect, url: "https://live.example/" }'),
    `9:39: ${group}.verify.url: the probe connect needs more than a url (address: missing; expected a text of at least 3 characters)`,
    `9:39: ${group}.verify.url: the probe connect takes no url; say with verify.type which probe looks at it`,
  ],
  [
    'an unknown actuator',
    smallFile('', 'actuators: [ { type: balancr } ]'),
    `9:30: ${group}.actuators[0].type: expected balancer or answer, got "balancr"; did you mean "balancer"?`,
  ],
  [
    'a server map that names another path and forgets one',
    smallFile('', 'actuators: [ { type: balancer, socket: s, servers: { cdn-a: a, cdn-c: c } } ]'),
    `9:51: ${group}.actuators[0].servers: has no entry for the path cdn-b, so traffic could never be moved there`,
    `9:72: ${group}.actuators[0].servers.cdn-c: names no path of the group; the paths of this group are cdn-a, cdn-b`,
  ],
  [
    'a map of some paths that names a stranger as key and in an entry',
    smallFile(
      '',
      'actuators: [ { type: balancer, socket: s, copies: { cdn-c: { of: cdn-x }, cdn-b: { of: cdn-a } } } ]',
    ),
    `9:61: ${group}.actuators[0].copies.cdn-c: names no path of the group; the paths of this group are cdn-a, cdn-b`,
    `9:74: ${group}.actuators[0].copies.cdn-c.of: names no path of the group; the paths of this group are cdn-a, cdn-b`,
  ],
  [
    'an unknown variant of an actuator',
    smallFile('', 'actuators: [ { type: answer, style: codd } ]'),
    `9:45: ${group}.actuators[0].style: expected plain or coded, got "codd"; did you mean "coded"?`,
  ],
  [
    'an unknown key in a variant of an actuator',
    smallFile('', 'actuators: [ { type: answer, style: coded, code: 404, requird: true } ]'),
    `9:63: ${group}.actuators[0].requird: unknown key; did you mean "required"?`,
  ],
  [
    'a bad route',
    smallFile('notify: [ { type: pager, routing_key: abc, min_severity: warn } ]'),
    '1:39: notify[0].routing_key: expected a text of 8 characters',
    '1:58: notify[0].min_severity: expected critical, error, warning or info, got "warn"',
  ],
]

describe('errors of a configuration', () => {
  it.each(table)('%s', (_, text, ...errors) => {
    expect(errorsOf(text)).toEqual(errors.map((error) => `changeover.yaml:${error}`))
  })

  it('come all at once, in the order of the file', () => {
    const text = smallFile(
      'mode: on\nnotify: 5',
      'holddown: 0s\nactuators: [ { type: x } ]',
      'deth: 1',
    )

    expect(errorsOf(text).map((error) => error.split(':')[1])).toEqual(['1', '2', '8', '10', '11'])
  })

  it('quote the line with a caret below the place', () => {
    const loaded = loadText(smallFile('', 'budgt: { changes: 3 }'))

    expect(loaded.ok ? [] : loaded.errors).toEqual([
      [
        `changeover.yaml:9:9: ${group}.budgt: unknown key; did you mean "budget"?`,
        '        budgt: …',
        '        ^',
      ].join('\n'),
    ])
  })

  it('mask secrets in the quoted line and keep the caret in place', () => {
    const line = '- { type: pager, routing_key: hunter2!, nam: "https://me:pw@x.example/hook" }'

    const loaded = loadText(smallFile(`notify:\n  ${line}`))

    expect(loaded.ok ? '' : loaded.errors[0]).toBe(
      [
        'changeover.yaml:2:43: notify[0].nam: unknown key; did you mean "name"?',
        '  - { type: pager, routing_key: …, nam: … }',
        '                                   ^',
      ].join('\n'),
    )
  })

  it('do not quote the value of an unknown key, which may be a misspelt secret', () => {
    const line = '{ type: connect, address: ab, pasword: hunter2, token hunter3 }'

    const loaded = loadText(`streams: { a: { groups: { b: { paths: { p: ${line} } } } } }`)

    const shown = loaded.ok ? '' : loaded.errors.join('\n')
    expect(shown).toContain('{ type: connect, address: ab, pasword: …, token … }')
    expect(shown).toContain('did you mean "password"?')
    expect(shown).not.toMatch(/hunter\d/u)
  })

  it('mask what looks like a secret where the text is no YAML', () => {
    const loaded = loadText(
      'a: 1\n}password: hunter2\n}token=hunter3\nx: "https://me:hunter4@x/hook"}',
    )

    const shown = loaded.ok ? '' : loaded.errors.join('\n')
    expect(shown).toContain('password: …')
    expect(shown).not.toMatch(/hunter\d/u)
  })

  it('stop at a hundred and say how many more there are', () => {
    const text = Array.from({ length: 150 }, (_, index) => `key-${index}: 1`).join('\n')

    const loaded = loadText(smallFile(text))

    expect(loaded.ok ? [] : loaded.errors).toHaveLength(101)
    expect(loaded.ok ? '' : loaded.errors.at(-1)).toBe('changeover.yaml: and 50 more')
  })
})
