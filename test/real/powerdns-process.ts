import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { eventually, installed, startChild } from './child.ts'
import { freePort } from './haproxy-process.ts'

const SERVER = installed('/usr/sbin/pdns_server', '/usr/local/sbin/pdns_server')
const SCHEMA = installed(
  '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql',
  '/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql',
)

/** The version of the PowerDNS that is installed here; `undefined` where it, or its SQLite backend, is not. */
export function powerDnsVersion(): string | undefined {
  if (SERVER === undefined || SCHEMA === undefined) return undefined
  // It prints its version as lines of a log, and ends with a status of its own.
  const { stderr } = spawnSync(SERVER, ['--version'])
  return /Server (\d+\.\d+\.\d+)/u.exec(stderr.toString())?.[1]
}

const ZONE = 'changeover.test'

/** A real PowerDNS with an empty zone `changeover.test` and its API, on loopback. */
export async function startPowerDns({ key }: { readonly key: string }) {
  if (SERVER === undefined || SCHEMA === undefined) throw new Error('PowerDNS is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'changeover-powerdns-'))
  const file = join(folder, 'zones.sqlite3')
  const database = new DatabaseSync(file)
  database.exec(readFileSync(SCHEMA, 'utf8'))
  database.close()
  const [port, web] = [await freePort(), await freePort()]
  writeFileSync(
    join(folder, 'pdns.conf'),
    [
      'launch=gsqlite3',
      `gsqlite3-database=${file}`,
      'local-address=127.0.0.1',
      `local-port=${port}`,
      'api=yes',
      `api-key=${key}`,
      'webserver=yes',
      'webserver-address=127.0.0.1',
      `webserver-port=${web}`,
      `socket-dir=${folder}`,
      'daemon=no',
      'guardian=no',
      'setuid=',
      'setgid=',
      '',
    ].join('\n'),
  )
  const child = startChild(SERVER, [`--config-dir=${folder}`], folder)
  const url = `http://127.0.0.1:${web}`
  async function call(method: string, path: string, body?: object): Promise<string> {
    const answer = await fetch(`${url}/api/v1/servers/localhost/zones${path}`, {
      method,
      headers: { 'x-api-key': key },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${answer.status} ${text}`)
    return text
  }
  await eventually(
    () => `PowerDNS does not answer: ${child.errors()}`,
    async () => {
      try {
        const zone = { name: `${ZONE}.`, kind: 'Primary', nameservers: [`ns1.${ZONE}.`] }
        await call('POST', '', zone)
        return true
      } catch {
        return false
      }
    },
  )
  return {
    url,
    server: `127.0.0.1:${port}`,
    /** Somebody else's hand on one record set of the zone. */
    async set(label: string, type: string, contents: readonly string[], disabled = false) {
      const records = contents.map((content) => ({ content, disabled }))
      const changetype = contents.length === 0 ? 'DELETE' : 'REPLACE'
      const rrsets = [{ name: `${label}.${ZONE}.`, type, ttl: 30, changetype, records }]
      await call('PATCH', `/${ZONE}.`, { rrsets })
    },
    /** The record sets of one label: `A 192.0.2.1 192.0.2.2`, sorted. */
    async sets(label: string): Promise<readonly string[]> {
      const text = await call('GET', `/${ZONE}.?rrset_name=${label}.${ZONE}.`)
      const { rrsets } = JSON.parse(text) as {
        rrsets: { type: string; records: { content: string }[] }[]
      }
      return rrsets
        .map(
          ({ type, records }) =>
            `${type} ${records
              .map(({ content }) => content)
              .toSorted()
              .join(' ')}`,
        )
        .toSorted()
    },
    async close() {
      await child.kill()
      rmSync(folder, { recursive: true })
    },
  }
}
