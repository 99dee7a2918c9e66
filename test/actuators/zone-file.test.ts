import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import zoneFile from '../../src/actuators/zone-file.ts'
import { formats, parseFragment, renderFragment } from '../../src/actuators/zone-file/fragment.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realFiles } from '../../src/platform/real-files.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { recordSets } from '../../src/plugin/dns/record-sets.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'

const clock = realClock()
const ids = realIds()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const name = 'live.example.org'
const group = 'channel-1/cdn'

/** A folder with the file, and programs that note that they ran and end as they are told to. */
function begin(options: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-zone-file-'))
  const file = join(folder, 'live.inc')
  const log = join(folder, 'log')
  writeFileSync(log, '')
  writeFileSync(file, `${name}. 30 IN A 192.0.2.1\n`)
  const program = (label: string, body: string) => {
    const path = join(folder, label)
    writeFileSync(path, `#!/bin/sh\necho ${label} "$@" >> ${log}\n${body}\n`)
    chmodSync(path, 0o755)
    return path
  }
  if (zoneFile.mode !== 'push') throw new Error('not a push actuator')
  const net = createNet({ clock })
  const processes = realProcesses({ clock })
  const make = (more: object) => {
    if (zoneFile.mode !== 'push') throw new Error('not a push actuator')
    const given = zoneFile.options.parse({
      file,
      name,
      records: { 'cdn-a': ['192.0.2.1'], 'cdn-b': ['192.0.2.2', '2001:db8::2'] },
      ttl: '20s',
      ...options,
      ...more,
    })
    const files = realFiles({ ids })
    return zoneFile.create(given, {
      clock,
      ids,
      net,
      processes,
      files,
      group,
      paths,
      callTimeoutMs: 4_000,
    })
  }
  return {
    file,
    program,
    make,
    text: () => readFileSync(file, 'utf8'),
    write: (text: string) => writeFileSync(file, text),
    ran: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    async close() {
      await processes.close()
      await net.close()
      rmSync(folder, { recursive: true })
    },
  }
}

actuatorContract(
  'zone-file',
  async () => {
    const begun = begin()
    const { make, text, write, program } = begun
    return {
      actuator: make({ reload: [program('reload', 'exit 0')] }),
      paths,
      state: () => [text()],
      editByHand: async () => write(`${text()}${name}. 30 IN A 192.0.2.2\n`),
      fail: async () => {},
      secrets: [],
      close: () => begun.close(),
    }
  },
  [],
)

describe('a file that a server reads', () => {
  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  function start(options: object = {}) {
    const begun = begin(options)
    closing.push(() => begun.close())
    return begun
  }

  async function move(actuator: ReturnType<ReturnType<typeof begin>['make']>) {
    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
    if (step === undefined) throw new Error('no step')
    return await actuator.apply(step, read.observed.version, never)
  }

  it('is written, tested, loaded, and only then said to be loaded', async () => {
    const { make, program, file, text, ran } = start()
    // While the programs run, the file says that it is not loaded yet.
    const test = [program('test', `cat ${file} >> ${file}.seen`), 'example.org', file]
    const reload = [program('reload', `cat ${file} >> ${file}.seen`), 'two words']

    const result = await move(make({ test, reload }))

    expect(result).toEqual({
      result: 'applied',
      version: 'A=192.0.2.2 AAAA=2001:db8::2 mark=ours',
    })
    expect(text()).toBe(
      [
        '; heritage=changeover group=channel-1/cdn',
        '; written by Changeover: edits are overwritten with the next change',
        'live.example.org. 20 IN A 192.0.2.2',
        'live.example.org. 20 IN AAAA 2001:db8::2',
        '',
      ].join('\n'),
    )
    expect(ran()).toEqual([`test example.org ${file}`, 'reload two words'])
    const seen = readFileSync(`${file}.seen`, 'utf8')
    expect(seen.match(/not loaded yet/gu)).toHaveLength(2)
  })

  it('is put back where the test refuses it, and the server is never told', async () => {
    const { make, program, text, ran } = start()
    const before = text()
    const test = [program('test', 'echo "line 3: no" >&2; exit 1')]

    const result = await move(make({ test, reload: [program('reload', 'exit 0')] }))

    expect(result).toMatchObject({ result: 'failed', retry: false })
    expect(result).toHaveProperty('says', expect.stringMatching(/test failed \(1\): line 3: no$/u))
    expect(text()).toBe(before)
    expect(ran()).toEqual(['test'])
  })

  it('is put back and loaded again where the server does not take it', async () => {
    const { make, program, text, ran, file } = start()
    const before = text()
    const reload = [program('reload', `grep -q 192.0.2.1 ${file}`)]

    const result = await move(make({ reload }))

    expect(result).toMatchObject({ result: 'failed', retry: false })
    expect(text()).toBe(before)
    expect(ran()).toEqual(['reload', 'reload'])
  })

  it('leaves open what is where the server takes neither', async () => {
    const { make, program, text } = start()
    const before = text()

    const result = await move(make({ reload: [program('reload', 'exit 3')] }))

    expect(result.result).toBe('unknown')
    expect(text()).toBe(before)
  })

  it('that was written and never loaded is not taken for applied, and is loaded with the next step', async () => {
    const { make, program, write, text } = start()
    const actuator = make({ reload: [program('reload', 'exit 0')] })
    const sets = recordSets({ A: ['192.0.2.2'], AAAA: ['2001:db8::2'] })
    write(renderFragment('zone', { name, group, sets, ttl: 20, isPending: true }))

    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    const [step] = actuator.plan(read.observed, allTo('cdn-b', paths))
    if (step === undefined) throw new Error('no step')
    const result = await actuator.apply(step, read.observed.version, never)

    expect(read.observed.says).toContain('the server was not told to read it')
    expect(result).toMatchObject({ result: 'applied' })
    expect(text()).not.toContain('not loaded yet')
  })

  it('needs no program where the server watches it', async () => {
    const { make, text, write, ran } = start()
    write(`192.0.2.1 ${name}\n`)

    const result = await move(make({ format: 'hosts' }))

    expect(result.result).toBe('applied')
    expect(text()).toContain(`\n192.0.2.2 ${name}\n2001:db8::2 ${name}\n`)
    expect(text()).not.toContain('not loaded yet')
    expect(ran()).toEqual([])
  })

  it.each([
    ['another name', 'www.example.org. 30 IN A 192.0.2.1'],
    ['another type', `${name}. 30 IN MX 10 mx.example.org.`],
    ['a directive', '$ORIGIN example.org.'],
    ['a name that is not whole', `${name}. 30 IN CNAME edge`],
  ])('with %s is not ours to replace', async (_, line) => {
    const { make, file, write } = start()
    write(`${name}. 30 IN A 192.0.2.1\n${line}\n`)

    expect(await make({}).observe(never)).toEqual({
      ok: false,
      retry: false,
      says: `line 2 of ${file} is no record of ${name}: give Changeover a file of its own`,
    })
  })

  it('that is not there must be created by a person', async () => {
    const { make, file } = start()
    rmSync(file)

    const read = await make({}).observe(never)

    expect(read).toMatchObject({ ok: false, retry: false })
    expect(read).toHaveProperty(
      'says',
      expect.stringContaining('create it with the records that serve now'),
    )
  })
})

describe('the text of a file', () => {
  const sets = fc
    .record({
      A: fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 5 }),
      AAAA: fc.uniqueArray(fc.ipV6(), { maxLength: 5 }),
    })
    .map((values) => recordSets(values))

  it('is read as it was written, in every format', () => {
    fc.assert(
      fc.property(
        sets,
        fc.constantFrom(...formats),
        fc.boolean(),
        fc.integer({ min: 1, max: 86_400 }),
        (given, format, isPending, ttl) => {
          const text = renderFragment(format, { name, group, sets: given, ttl, isPending })

          expect(parseFragment(text, format, { name, group })).toEqual({
            state: { sets: given, mark: 'ours' },
            isPending,
            ...(format !== 'hosts' && { ttl }),
          })
        },
      ),
    )
  })

  it('says whose it is', () => {
    const text = renderFragment('hosts', {
      name,
      group,
      sets: recordSets({ A: ['192.0.2.1'] }),
      ttl: 1,
      isPending: false,
    })

    const other = parseFragment(text, 'hosts', { name, group: 'channel-2/cdn' })
    const nobody = parseFragment(`192.0.2.1 ${name}\n`, 'hosts', { name, group })

    expect(other).toMatchObject({ state: { mark: 'other' } })
    expect(nobody).toMatchObject({ state: { mark: 'none' } })
  })

  it('never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...formats), (text, format) => {
        parseFragment(text, format, { name, group })
      }),
    )
  })
})

describe('the options of the zone-file actuator', () => {
  const given = {
    file: '/etc/bind/live.inc',
    name,
    records: { a: ['192.0.2.1'], b: ['192.0.2.2'] },
  }
  const accepts = (more: object) => zoneFile.options.safeParse({ ...given, ...more }).success

  it.each([
    ['what is needed', {}, true],
    ['a relative file', { file: 'live.inc' }, false],
    ['a command as text', { reload: 'rndc reload' }, false],
    ['an empty command', { reload: [] }, false],
    ['aliases in a zone', { records: { a: ['a.x'], b: ['b.x'] } }, true],
    ['aliases in hosts', { format: 'hosts', records: { a: ['a.x'], b: ['b.x'] } }, false],
  ])('with %s: %j', (_, more, accepted) => {
    expect(accepts(more)).toBe(accepted)
  })

  it('tell what must be allowed', () => {
    const options = zoneFile.options.parse({ ...given, reload: ['rndc', 'reload', 'example.org'] })

    expect(zoneFile.capabilities(options).permissions).toEqual([
      'write /etc/bind/live.inc and its folder',
      'run rndc reload example.org',
    ])
  })
})
