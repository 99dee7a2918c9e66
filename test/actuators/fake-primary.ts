import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { AUTHORITATIVE_ANSWER, decode, encode, type Answer } from 'dns-packet'
import { signTsig, verifyTsig, type TsigKey } from '../../src/formats/dns/tsig.ts'
import { decodeUpdate, type Update } from '../../src/formats/dns/update.ts'
import type { TargetFault } from '../contract/actuator-contract.ts'

/** How the server answers an update, in place of making it. */
export type Refusal =
  | 'SERVFAIL'
  | 'REFUSED'
  | 'NOTZONE'
  | 'forged'
  | 'unsigned'
  | 'unsigned-refusal'

const codes = { SERVFAIL: 2, REFUSED: 5, YXRRSET: 7, NXRRSET: 8, NOTZONE: 10 } as const

/**
 * A primary server in this process, as RFC 2136 section 3 has it: every prerequisite, then every
 * change, then one answer. Only messages that are signed with its key get one.
 */
export async function startPrimary(
  key: TsigKey,
  first: Readonly<Record<string, readonly string[]>>,
) {
  const sets = new Map<string, string[]>(
    Object.entries(first).map(([owner, values]) => [owner, [...values]]),
  )
  const ttls = new Map<string, number>()
  let fault: TargetFault | undefined
  let refusal: Refusal | undefined
  let updates = 0

  function update({ prerequisites, changes }: Update): number {
    for (const each of prerequisites) {
      const values = sets.get(`${each.name} ${each.type}`) ?? []
      if (each.kind === 'absent' && values.length > 0) return codes.YXRRSET
      if (each.kind === 'exists' && values.length === 0) return codes.NXRRSET
      const isSame =
        each.kind !== 'exactly' || each.values.toSorted().join() === values.toSorted().join()
      if (!isSame) return codes.NXRRSET
    }
    updates += 1
    for (const change of changes) {
      const owner = `${change.name} ${change.type}`
      if (change.kind === 'delete-set') sets.delete(owner)
      else if (change.kind === 'add') {
        sets.set(owner, [...(sets.get(owner) ?? []), change.value])
        ttls.set(owner, change.ttl)
      } else throw new Error('the actuator deletes no single records')
    }
    return 0
  }

  function respond(bytes: Buffer): Buffer | undefined {
    const verified = verifyTsig(bytes, key, Date.now())
    if (verified.result !== 'good') throw new Error(`not signed by us: ${verified.result}`)
    const { message } = verified
    const requestMac = signedMac(bytes, key)
    const isUpdate = ((message.readUInt16BE(2) >> 11) & 0xf) === 5
    const asked = isUpdate ? decodeUpdate(message) : undefined
    if (isUpdate && asked === undefined) throw new Error('not a valid update')
    const answer = asked === undefined ? answerTo(message) : empty(message, 0xa800)
    if (asked === undefined) return signTsig(answer, key, Date.now(), { requestMac }).message
    if (refusal === 'unsigned') return answer
    if (refusal === 'unsigned-refusal') return empty(message, 0xa805)
    if (refusal === 'forged') {
      return signTsig(answer, { ...key, secret: Buffer.from('another') }, Date.now(), {
        requestMac,
      }).message
    }
    const code = refusal === undefined ? update(asked) : codes[refusal]
    if (fault === 'deaf') return undefined
    return signTsig(empty(message, 0xa800 | code), key, Date.now(), { requestMac }).message
  }

  function answerTo(message: Buffer): Buffer {
    const { id, questions = [] } = decode(message)
    const [question] = questions
    if (question === undefined) throw new Error('no question')
    const owner = `${question.name.toLowerCase()} ${question.type}`
    const answers = (sets.get(owner) ?? []).map(
      (data) =>
        ({ name: question.name, type: question.type, ttl: ttls.get(owner) ?? 30, data }) as Answer,
    )
    return encode({ type: 'response', id, flags: AUTHORITATIVE_ANSWER, questions, answers })
  }

  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      if (fault === 'silent') return
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0)
        const answer = respond(pending.subarray(2, end))
        pending = pending.subarray(end)
        if (answer === undefined) continue
        const length = Buffer.alloc(2)
        length.writeUInt16BE(answer.length)
        socket.write(Buffer.concat([length, answer]))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    await closed
  }
  return {
    server: `127.0.0.1:${port}`,
    state: () => Object.fromEntries(sets),
    updates: () => updates,
    edit: (owner: string, values: readonly string[]) => void sets.set(owner, [...values]),
    refuse: (how: Refusal) => void (refusal = how),
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') await close()
    },
    close,
  }
}

function empty(message: Buffer, flags: number): Buffer {
  const answer = Buffer.from(message.subarray(0, 12))
  answer.writeUInt16BE(flags, 2)
  answer.fill(0, 4)
  return answer
}

/** The MAC of a request that was verified: signing it again with its own time gives the same. */
function signedMac(bytes: Buffer, key: TsigKey): Buffer {
  const length = { 'hmac-sha256': 32, 'hmac-sha384': 48, 'hmac-sha512': 64 }[key.algorithm]
  // Behind the MAC stand identity, error and the length of other data, which is 0.
  return bytes.subarray(bytes.length - 6 - length, bytes.length - 6)
}
