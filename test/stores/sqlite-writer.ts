import { writeSync } from 'node:fs'
import { realClock } from '../../src/platform/real-clock.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'

/**
 * The child process of the kill test: appends entries with a group row until it is killed or the
 * store fails. Prints each sequence once it is acknowledged, and at last why it ended.
 */
const store = await openSqliteStore({ file: process.argv[2] ?? '', clock: realClock() })
const group = 's/g'
// The same owner every time: the lease of the killed predecessor is renewed, not waited for.
const lease = await store.lease(group, 'writer', 60_000)
if (lease === undefined) throw new Error('the writer got no lease')
let revision = (await store.group(group))?.revision ?? 0

for (;;) {
  revision += 1
  const result = await store.commit({
    entries: [{ kind: 'step', group, says: `step ${revision}`, data: { filler: 'x'.repeat(500) } }],
    row: {
      group,
      token: lease.token,
      revision,
      state: 'STEADY',
      version: revision,
      ledger: [],
      failback: { relapses: 0 },
    },
    fence: { owner: 'writer', token: lease.token },
  })
  writeSync(1, result.ok ? `${result.entries[0]?.seq}\n` : `${result.says}\n`)
  if (!result.ok) break
}
