/** PID of the program map table. */
const PMT_PID = 0x1000

/** PID of the picture; it also carries the PCR. */
export const VIDEO_PID = 0x100

/** PID of the sound. */
export const AUDIO_PID = 0x101

const PROGRAM = 1
const AVC = 0x1b
const ADTS_AAC = 0x0f

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc
})

/** CRC-32 of MPEG-2 sections (ISO 13818-1, annex A): not reflected, no final inversion. */
function crc32Mpeg(data: Buffer): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc << 8) ^ (crcTable[((crc >>> 24) ^ byte) & 0xff] ?? 0)
  return crc >>> 0
}

/** Version 0, applicable now, section 0 of 0 (ISO 13818-1, 2.4.4.5). */
const onlySection = [0xc1, 0, 0]
const noDescriptors = [0xf0, 0]

/** A section (ISO 13818-1, 2.4.4) in one packet, its continuity counter 0. */
function tablePacket(pid: number, tableId: number, id: number, body: readonly number[]): Buffer {
  const length = 2 + onlySection.length + body.length + 4
  const head = [tableId, 0xb0 | (length >> 8), length & 0xff, id >> 8, id & 0xff]
  const section = Buffer.from([...head, ...onlySection, ...body])
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32Mpeg(section))
  const packet = Buffer.alloc(188, 0xff)
  const header = Buffer.of(0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10, 0) // pointer field 0
  Buffer.concat([header, section, crc]).copy(packet)
  return packet
}

function pidBytes(pid: number): readonly number[] {
  return [0xe0 | (pid >> 8), pid & 0xff]
}

function elementary(type: number, pid: number): readonly number[] {
  return [type, ...pidBytes(pid), ...noDescriptors]
}

/** The packet with the program association table (ISO 13818-1, 2.4.4.3). */
export const patPacket = tablePacket(0, 0x00, 1, [0, PROGRAM, ...pidBytes(PMT_PID)])

/** The packet with the program map table (ISO 13818-1, 2.4.4.8): H.264 with the PCR, and ADTS AAC. */
export const pmtPacket = tablePacket(PMT_PID, 0x02, PROGRAM, [
  ...pidBytes(VIDEO_PID),
  ...noDescriptors,
  ...elementary(AVC, VIDEO_PID),
  ...elementary(ADTS_AAC, AUDIO_PID),
])
