import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import publishHook from '../../src/actuators/publish-hook.ts'
import { createPublicApi } from '../../src/api/create-api.ts'
import { serveApi, type ServedApi } from '../../src/api/serve-api.ts'
import type { PathPort } from '../../src/api/path-routes.ts'
import type { GroupPublished } from '../../src/plugin/actuator.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { published } from '../actuators/ask-group.ts'
import { eventually } from './child.ts'
import { ffmpegBinary } from './encoder.ts'
import { freePort } from './haproxy-process.ts'
import { startHookedIngest } from './hooked-ingest.ts'
import { hasNginxRtmp, startPublisher } from './rtmp-servers.ts'

const key = 'a-shared-secret-of-the-hook'
const paths = ['main', 'backup']
const onMain = published({ main: 100, backup: 0 })
const onBackup = published({ main: 0, backup: 100 })

type Ingest = Awaited<ReturnType<typeof startHookedIngest>>

// Needs Debian's nginx, libnginx-mod-rtmp and ffmpeg.
describe.skipIf(!hasNginxRtmp || ffmpegBinary === undefined)('encoders at nginx-rtmp', () => {
  let api: ServedApi
  let main: Ingest
  let backup: Ingest
  let door: Ingest
  let applied: GroupPublished = onMain
  const asked: string[] = []

  beforeAll(async () => {
    const clock = realClock()
    const plugin = publishHook
    if (plugin.mode !== 'pull' || plugin.asks !== 'group') throw new Error('not a hook')
    let answer: ReturnType<typeof plugin.open>
    const port: PathPort = {
      health: () => undefined,
      receive: () => undefined,
      pull: () => undefined,
      pullGroup: (_, __, request) => {
        const reply = answer(applied, request)
        asked.push(`${request.query['at']?.split('?', 1)[0] ?? 'door'} ${reply.status}`)
        return reply
      },
    }
    // nginx reads its configuration before the ingests have their ports: the hook's own comes first.
    const listen = await freePort()
    api = await serveApi({
      api: createPublicApi({ port, clock }),
      host: '127.0.0.1',
      port: listen,
    })
    const hook = `${api.url}/hooks/rtmp/ch/ingest?key=${key}`
    main = await startHookedIngest(`${hook}&at=main`, 'post')
    backup = await startHookedIngest(`${hook}&at=backup`, 'get')
    door = await startHookedIngest(hook, 'post')
    answer = plugin.open(
      plugin.options.parse({ secret: key, ingests: { main: main.app, backup: backup.app } }),
      { clock, ids: realIds(), group: 'ch/ingest', paths },
    )
  })

  afterAll(async () => {
    await Promise.all([main?.close(), backup?.close(), door?.close()])
    await api?.close()
  })

  function publish(to: Ingest, name: string) {
    const publisher = startPublisher(`${to.app}/${name}`)
    onTestFinished(() => publisher.kill())
    return publisher
  }

  const arrives = (at: Ingest, name: string) =>
    eventually(
      () => `${name} did not arrive; asked: ${asked.join(', ')}`,
      () => at.has(name),
    )

  it('that come to a door are relayed to the active ingest, and after a failover to the other', async () => {
    applied = onMain
    const first = publish(door, 'one')
    await arrives(main, 'one')

    expect(await backup.has('one')).toBe(false)

    applied = onBackup
    // nginx asks each second whether it may go on: it may not, and the encoder has to come back.
    await eventually(
      () => `the encoder was not turned away; asked: ${asked.join(', ')}`,
      async () => !first.isRunning(),
    )
    publish(door, 'one')
    await arrives(backup, 'one')

    expect(await main.has('one')).toBe(false)
  })

  it('that come to the ingest that stands by are relayed to the active one', async () => {
    applied = onMain

    publish(backup, 'two')

    await arrives(main, 'two')
    expect(asked).toContain('backup 302')
  })

  it('that come to the active ingest stay there', async () => {
    applied = onBackup

    publish(backup, 'three')

    await arrives(backup, 'three')
    expect(await main.has('three')).toBe(false)
  })
})
