import { readFileSync } from 'node:fs'
import { superviseEncoder } from '../app/encoder/supervise.ts'
import { loadEncoderFile } from '../config/encoder-file.ts'
import { ChangeoverError } from '../core/errors.ts'
import { clean } from './clean.ts'
import type { Cli } from './cli.ts'
import { readConfiguration, sayErrors } from './configuration.ts'
import type { ExitCode } from './io.ts'

/** Supervises one encoder until the process is asked to end. */
export async function runEncode({ composition, io }: Cli, file: string): Promise<ExitCode> {
  const { clock, net, processes, environment } = composition
  const loaded = loadEncoderFile({
    text: readConfiguration(file),
    fileName: file,
    environment,
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  if (!loaded.ok) {
    sayErrors(io, file, loaded.errors)
    return 2
  }
  const { settings } = loaded
  if (processes?.find(settings.program) === undefined) {
    throw new ChangeoverError('CONFIG_INVALID', `${settings.program} is not installed here.`, {
      todo: 'Install it, or name the program by its absolute path.',
    })
  }
  const stop = new AbortController()
  const supervised = superviseEncoder(
    settings,
    {
      clock,
      net,
      processes,
      says: (text) => io.out(`${new Date(clock.wall()).toISOString()} ${clean(text)}\n`),
    },
    stop.signal,
  )
  await composition.untilStopped()
  stop.abort()
  await supervised
  return 0
}
