import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { amf0Object } from '../../../src/formats/amf0/encode.ts'
import { adobeParameters } from '../../../probes/rtmp/adobe-auth.ts'
import { scene } from './scene.ts'

const ann = { user: 'ann', password: 'secret' }
const half = () => 0.5
const md5 = (text: string) => createHash('md5').update(text).digest('base64')

describe('authentication as Flash Media Server does it', () => {
  it('names the user first, and answers the challenge then', () => {
    const named = adobeParameters(
      '[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ',
      ann,
      half,
    )
    const answered = adobeParameters(
      '[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=ann&salt=SA==&challenge=CH==&opaque=OP==',
      ann,
      half,
    )

    expect(named).toBe('authmod=adobe&user=ann')
    const response = md5(`${md5('annSA==secret')}OP==80000000`)
    expect(answered).toBe(
      `authmod=adobe&user=ann&challenge=80000000&response=${response}&opaque=OP==`,
    )
  })

  it('takes the challenge where there is nothing opaque', () => {
    const answered = adobeParameters(
      'authmod=adobe ?reason=needauth&user=ann&salt=SA&challenge=CH',
      ann,
      half,
    )

    expect(answered).toContain(md5(`${md5('annSAsecret')}CH80000000`))
  })

  it.each([
    ['authmod=adobe ?reason=authfailed', ann],
    ['authmod=llnw code=403 need auth', ann],
    ['no', ann],
    ['code=403 need auth; authmod=adobe', { user: '', password: '' }],
  ])('gives up at %j', (description, who) => {
    expect(adobeParameters(description, who, half)).toBeUndefined()
  })

  it('brings the probe in, on the third connection', async () => {
    const { server, look, newest, end } = scene({ url: 'rtmp://ann:secret@ingest.test/live/key' })
    server.hooks.connect = ({ app, viewer }) => {
      const reject = (description: string) =>
        viewer.command(
          '_error',
          1,
          null,
          amf0Object({ level: 'error', code: 'NetConnection.Connect.Rejected', description }),
        )
      if (!app.includes('user=ann')) return reject('[ code=403 need auth; authmod=adobe ]')
      if (!app.includes('response=')) {
        return reject('authmod=adobe : ?reason=needauth&user=ann&salt=SA&challenge=CH')
      }
      viewer.accept()
    }

    await look()

    expect(server.guests).toHaveLength(3)
    expect(newest()).toMatchObject({ outcome: 'pass' })
    await end()
  })

  it('says that it was refused, and not with which password', async () => {
    const { server, look, newest, end } = scene({ url: 'rtmp://ann:secret@ingest.test/live/key' })
    server.hooks.connect = ({ viewer }) =>
      viewer.command(
        '_error',
        1,
        null,
        amf0Object({
          level: 'error',
          code: 'NetConnection.Connect.Rejected',
          description: 'authmod=adobe ?reason=authfailed&user=ann',
        }),
      )

    await look()

    expect(newest()).toMatchObject({
      outcome: 'fail',
      reason:
        'The server refuses the connection to the application (NetConnection.Connect.Rejected).',
    })
    await end()
  })
})
