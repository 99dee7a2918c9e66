import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { verifyChain } from '../../src/formats/journal-chain.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { Store } from '../../src/plugin/store.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { storeFault } from '../../src/stores/sqlite/faults.ts'
import { hastyClock, storeContract } from '../contract/store-contract.ts'

const folders: string[] = []
const stores: Store[] = []

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-store-'))
  folders.push(folder)
  return join(folder, 'changeover.db')
}

async function open(file: string, clock: Clock = hastyClock()): Promise<Store> {
  const store = await openSqliteStore({ file, clock })
  stores.push(store)
  return store
}

async function cleanUp(): Promise<void> {
  for (const store of stores.splice(0)) await store.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
}

/** Runs one statement from outside, as another program does. */
function tamper(file: string, statement: string): void {
  const database = new DatabaseSync(file)
  database.exec(statement)
  database.close()
}

storeContract('the SQLite store', async () => {
  const file = temporaryFile()
  let blocker: DatabaseSync | undefined
  const mend = () => {
    blocker?.close()
    blocker = undefined
  }
  return {
    async open(clock) {
      const store = await openSqliteStore({ file, clock })
      stores.push(store)
      return store
    },
    passTime: (ms) => tamper(file, `update lease set until_ms = until_ms - ${ms}`),
    breakDown: () => {
      blocker = new DatabaseSync(file)
      blocker.exec('begin immediate')
    },
    mend,
    async end() {
      mend()
      await cleanUp()
    },
  }
})

describe('the SQLite store', () => {
  afterEach(cleanUp)

  test('says in one sentence what holds it up', async () => {
    const file = temporaryFile()
    const store = await open(file)
    const blocker = new DatabaseSync(file)
    blocker.exec('begin immediate')

    const result = await store.commit({ entries: [{ kind: 'boot', says: 'started' }] })

    blocker.close()
    expect(result).toEqual({
      ok: false,
      cause: 'unavailable',
      says: `the store ${file} is unavailable: another process holds its lock`,
    })
  })

  test('really writes a commit of nothing, so that a full disk shows, and changes nothing', async () => {
    const file = temporaryFile()
    const store = await open(file)
    await store.commit({ entries: [{ kind: 'boot', says: 'started' }] })
    const [size, head] = [statSync(`${file}-wal`).size, await store.head()]

    const result = await store.commit({ entries: [] })

    expect(result).toEqual({ ok: true, entries: [] })
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(size)
    expect(await store.head()).toEqual(head)
  })

  test('waits for another process through the clock, and then writes', async () => {
    const file = temporaryFile()
    const blocker = new DatabaseSync(file)
    const clock = hastyClock()
    const store = await open(file, {
      ...clock,
      async sleep() {
        blocker.close()
        return true
      },
    })
    blocker.exec('begin immediate')

    const result = await store.commit({ entries: [{ kind: 'boot', says: 'started' }] })

    expect(result.ok).toBe(true)
  })

  test('cuts a lease that a clock set back would stretch, and its owner keeps it', async () => {
    const file = temporaryFile()
    const store = await open(file)
    await store.lease('s/g', 'a', 10_000)
    tamper(file, 'update lease set until_ms = until_ms + 7200000')

    const other = await store.lease('s/g', 'b', 10_000)
    const mine = await store.commit({
      entries: [{ kind: 'state', group: 's/g', says: 'steady' }],
      fence: { owner: 'a', token: 1 },
    })
    tamper(file, 'update lease set until_ms = until_ms - 10000')
    const afterTheCut = await store.lease('s/g', 'b', 10_000)

    expect(other).toBeUndefined()
    expect(mine.ok).toBe(true)
    expect(afterTheCut).toMatchObject({ owner: 'b', token: 2 })
  })

  test('finds the newest entries of a group by index', async () => {
    const file = temporaryFile()
    await open(file)
    const database = new DatabaseSync(file)

    const plan = database
      .prepare(
        'explain query plan select * from journal where group_name = ? order by seq desc limit 200',
      )
      .all('s/g')
      .map((line) => line['detail'])

    database.close()
    expect(plan).toEqual(['SEARCH journal USING INDEX journal_by_group (group_name=?)'])
  })

  test('opens the same new file from several handles at once', async () => {
    const file = temporaryFile()

    const opened = await Promise.all([1, 2, 3].map(() => open(file, realClock())))

    for (const store of opened) {
      const result = await store.commit({ entries: [{ kind: 'boot', says: 'started' }] })
      expect(result.ok).toBe(true)
    }
    const entries = await opened[0]?.entries({ limit: 10 })
    expect(verifyChain(entries ?? []).ok).toBe(true)
    expect(entries).toHaveLength(3)
  })

  test.for<[string, (file: string) => string, object]>([
    [
      'a missing folder',
      (file) => join(file, 'nowhere', 'changeover.db'),
      { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('the file cannot be opened') },
    ],
    [
      'a file that is no database',
      (file) => {
        writeFileSync(file, 'hello '.repeat(1_000))
        return file
      },
      { code: 'STORE_DAMAGED', message: expect.stringContaining('is not a Changeover store') },
    ],
    [
      'a store of a newer version',
      (file) => {
        tamper(
          file,
          `create table kysely_migration (name text primary key, timestamp text not null);
           insert into kysely_migration values ('999-from-the-future', '')`,
        )
        return file
      },
      { code: 'STORE_TOO_NEW', message: expect.stringContaining('by a newer version') },
    ],
    [
      'a place without write-ahead logging',
      () => ':memory:',
      { message: expect.stringContaining('write-ahead logging is not possible there') },
    ],
  ])('does not open %s', async ([, prepare, expected]) => {
    const file = prepare(temporaryFile())

    await expect(openSqliteStore({ file, clock: hastyClock() })).rejects.toMatchObject(expected)
  })

  test.for([
    [8, 'it is read-only'],
    [1_032, 'it is read-only'],
    [10, 'the disk reports an error'],
    [778, 'the disk reports an error'],
    [13, 'the disk is full'],
    [11, 'its content is damaged'],
  ] as const)('explains result code %i of SQLite', ([errcode, says]) => {
    const fault = storeFault(Object.assign(new Error('x'), { errcode }))

    expect(fault?.says).toBe(says)
  })

  test('does not mistake a programming error for a fault of the store', () => {
    expect(storeFault(new TypeError('x is not a function'))).toBeUndefined()
    expect(storeFault(Object.assign(new Error('no such table'), { errcode: 1 }))).toBeUndefined()
  })
})

describe('tampering with the file is found', () => {
  afterEach(cleanUp)

  async function written(): Promise<{ file: string; store: Store }> {
    const file = temporaryFile()
    const store = await open(file)
    for (const says of ['one', 'two', 'three', 'four']) {
      await store.commit({ entries: [{ kind: 'applied', group: 's/g', says, data: { says } }] })
    }
    return { file, store }
  }

  test.for<[string, string, number, string]>([
    ['an edited sentence', "update journal set says = 'tow' where seq = 2", 2, 'was edited'],
    ['an edited time', 'update journal set at = at + 1 where seq = 3', 3, 'was edited'],
    ['edited data', `update journal set data = '{"says":"x"}' where seq = 1`, 1, 'was edited'],
    ['data that is no JSON', `update journal set data = '{' where seq = 1`, 1, 'was edited'],
    ['a removed group', 'update journal set group_name = null where seq = 4', 4, 'was edited'],
    ['a deleted entry', 'delete from journal where seq = 2', 2, 'is missing: entry 3 follows'],
    ['a deleted first entry', 'delete from journal where seq = 1', 1, 'is missing'],
    ['a truncated tail', 'delete from journal where seq > 2', 3, 'once reached entry 4'],
    ['an emptied journal', 'delete from journal', 1, 'once reached entry 4'],
  ])('%s', async ([, statement, seq, says]) => {
    const { file, store } = await written()

    tamper(file, statement)

    const entries: readonly JournalEntry[] = await store.entries({ limit: 100 })
    const verdict = verifyChain(entries, { head: await store.head() })
    expect(verdict).toMatchObject({ ok: false, seq, says: expect.stringContaining(says) })
  })

  test('also after further entries were written', async () => {
    const { file, store } = await written()
    tamper(file, 'delete from journal where seq > 2')

    await store.commit({ entries: [{ kind: 'stop', says: 'stopped' }] })

    const entries = await store.entries({ limit: 100 })
    expect(verifyChain(entries)).toMatchObject({ ok: false, seq: 3 })
  })

  test('an entry added behind the head makes the store unavailable, not wrong', async () => {
    const { file, store } = await written()
    tamper(
      file,
      `insert into journal select 5, at, kind, group_name, path, actor, says, data, previous, hash
       from journal where seq = 4`,
    )

    const result = await store.commit({ entries: [{ kind: 'stop', says: 'stopped' }] })

    expect(result).toMatchObject({
      cause: 'unavailable',
      says: expect.stringContaining('its content contradicts itself'),
    })
  })
})

describe('a process that writes', () => {
  const writer = fileURLToPath(import.meta.resolve('./sqlite-writer.ts'))

  afterEach(cleanUp)

  test('and is killed at any moment has lost nothing that was acknowledged', async () => {
    const file = temporaryFile()
    let acknowledged = 0

    for (const patienceLines of [1, 7, 40, 90]) {
      const child = spawn(process.execPath, [writer, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.split('\n').length > patienceLines) child.kill('SIGKILL')
      })
      await once(child, 'close')
      acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1))

      const store = await openSqliteStore({ file, clock: hastyClock() })
      const entries = await store.entries({ limit: 10_000 })
      const verdict = verifyChain(entries, { head: await store.head() })
      const row = await store.group('s/g')
      await store.close()
      expect(verdict).toMatchObject({ ok: true })
      expect(entries.length).toBeGreaterThanOrEqual(acknowledged)
      // Row and entries are one transaction: the row counts exactly the entries that are there.
      expect(row?.version).toBe(entries.length)
    }
    expect(acknowledged).toBeGreaterThan(130)
  })

  test.skipIf(process.platform === 'win32')(
    'into a full disk reports it and keeps what it had acknowledged',
    async () => {
      const file = temporaryFile()

      // The limit counts blocks of 512 bytes (POSIX) and stands in for a full disk.
      const child = spawn(
        'sh',
        ['-c', 'trap "" XFSZ; ulimit -f 600; exec "$0" "$@"', process.execPath, writer, file],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      await once(child, 'close')

      const lines = output.trim().split('\n')
      expect(lines.at(-1)).toMatch(/is unavailable: the disk (is full|reports an error)$/u)
      const store = await open(file)
      const entries = await store.entries({ limit: 10_000 })
      expect(entries.length).toBe(Number(lines.at(-2)))
      expect(verifyChain(entries, { head: await store.head() }).ok).toBe(true)
    },
  )
})
