import { assert, nat, property, string } from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import nginxRtmp from '../../probes/nginx-rtmp.ts'
import { readStat } from '../../probes/nginx-rtmp/stat.ts'
import { serveHttp } from '../net/servers.ts'
import { session } from './look-once.ts'

/** A client as nginx-rtmp 1.2.2 writes it, with the unescaped `flashver` of FFmpeg. */
const client = (id: number, more: string, dropped = 0) =>
  `<client><id>${id}</id><address>127.0.0.1</address><time>8969</time>` +
  `<flashver>FMLE/3.0 (compatible; Lavf59.27</flashver><dropped>${dropped}</dropped>` +
  `<avsync>-9</avsync><timestamp>8623</timestamp>${more}<active/></client>`

const publisher = client(1, '<publishing/>')

/** `rtmp_stat all` of nginx-rtmp 1.2.2 (Debian), with an encoder that publishes `key`. */
function stat({
  pid = 11_571,
  uptime = 10,
  received = 433_060,
  clients = publisher,
  name = 'key',
}: Partial<Record<'pid' | 'uptime' | 'received', number>> & {
  clients?: string
  name?: string
} = {}): string {
  return `<?xml version="1.0" encoding="utf-8" ?>
<rtmp>
<nginx_version>1.22.1</nginx_version>
<pid>${pid}</pid>
<uptime>${uptime}</uptime>
<naccepted>2</naccepted>
<bw_in>0</bw_in>
<bytes_in>438818</bytes_in>
<server>
<application>
<name>other</name>
<live>
<stream><name>key</name><bytes_in>7</bytes_in><nclients>0</nclients></stream>
<nclients>0</nclients>
</live>
</application>
<application>
<name>live</name>
<live>
<stream>
<name>${name}</name>
<time>8794</time><bw_in>0</bw_in>
<bytes_in>${received}</bytes_in>
<bw_out>0</bw_out>
<bytes_out>84251</bytes_out>
${clients}
<meta><video><width>256</width><codec>H264</codec></video></meta>
<nclients>1</nclients>
<publishing/>
<active/>
</stream>
<nclients>1</nclients>
</live>
</application>
</server>
</rtmp>`
}

async function start(page: { xml: string }) {
  const running = await serveHttp((_, response) => response.end(page.xml))
  onTestFinished(() => running.close())
  return session(nginxRtmp, { url: running.url, application: 'live', stream: 'key' })
}

describe('the nginx-rtmp probe', () => {
  it('measures bytes that came since the look before, players, and their drops', async () => {
    const page = { xml: stat({ clients: publisher + client(2, '', 5) + client(3, '') }) }
    const look = await start(page)
    await look()
    page.xml = stat({
      received: 933_060,
      uptime: 15,
      clients: publisher + client(2, '', 25) + client(3, ''),
    })

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { clients: 2, process_uptime_seconds: 15, process_restarts: 0 },
    })
    expect(seen.measurements['incoming_bits_per_second']).toBeGreaterThan(0)
    expect(seen.measurements['packets_dropped_per_second']).toBeGreaterThan(0)
  })

  it.each([
    ['nobody publishes under this name', stat({ name: 'another' })],
    ['only players wait for it', stat({ clients: client(2, '') })],
  ])('has lost the ingest where %s', async (_, xml) => {
    const seen = await (await start({ xml }))()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'ingest-lost',
      reason: 'nobody publishes the stream to the application live.',
    })
    expect(JSON.stringify(seen)).not.toContain('key')
  })

  it('sees another process after a restart', async () => {
    const page = { xml: stat() }
    const look = await start(page)
    await look()
    page.xml = stat({ pid: 11_999, uptime: 1 })

    const seen = await look()

    expect(seen.measurements).toMatchObject({ process_restarts: 1, process_uptime_seconds: 1 })
  })

  it.each([
    ['a page for people', '<html><body>Welcome to nginx!</body></html>', 'no statistics page'],
    ['nothing', '', 'no statistics page'],
    ['other applications', stat().replaceAll('>live<', '>movies<'), 'no application live'],
  ])('knows nothing of the stream from %s', async (_, xml, reason) => {
    const seen = await (await start({ xml }))()

    expect(seen.outcome).toBe('unknown')
    expect(seen.reason).toContain(reason)
  })
})

describe('the statistics of nginx-rtmp', () => {
  it('are read whatever a client calls itself', () => {
    const xml = stat({ clients: publisher.replace('FMLE/3.0', 'A & B <3 "x"') })

    expect(readStat(xml, 'live', 'key')?.stream).toMatchObject({ isPublishing: true })
  })

  it('never throw, whatever comes', () => {
    const whole = stat()
    assert(
      property(nat(whole.length), string({ maxLength: 20 }), (at, noise) => {
        readStat(whole.slice(0, at) + noise + whole.slice(at + 3), 'live', 'key')
      }),
    )
    assert(property(string(), (text) => void readStat(text, 'live', 'key')))
  })
})
