/** Scans a file as the probe scans a stream, by all indicators, and prints how many packets there were. */
import { createReadStream } from 'node:fs'
import { TsMonitor } from '../../src/formats/mpegts/monitor.ts'

const monitor = new TsMonitor('pcr')
for await (const chunk of createReadStream(process.argv[2] ?? '', { highWaterMark: 2 ** 20 })) {
  monitor.push(chunk as Buffer, 0)
}
console.log(monitor.report().scan.packets)
