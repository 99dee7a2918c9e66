import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { defaultConfiguration, readConfiguration, sayErrors } from '../configuration.ts'
import { examples } from '../examples.ts'
import type { ExitCode } from '../io.ts'

interface CheckOptions {
  readonly deep?: true
  readonly schema?: true
  readonly json?: true
}

/** `check`: whether a configuration is right, and what it means. */
export function addCheck(program: Command, cli: Cli): void {
  program
    .command('check')
    .summary('validate a configuration and print what would be watched')
    .description(
      'Validates a configuration with its rule packs and prints what would be watched: paths, actuators with the permissions they need, how soon a failure is noticed, and warnings. Exit code 2: something is wrong in it.',
    )
    .argument('[config]', 'the configuration', defaultConfiguration)
    .option(
      '--deep',
      'also read every actuator and reference target, and ask every notifier that can be asked; changes nothing, tells nobody',
    )
    .option('--schema', 'print the JSON Schema of the configuration, for editors')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      examples(
        'changeover check',
        'changeover check site.yaml --deep',
        'changeover check --schema > changeover.schema.json',
      ),
    )
    .action(
      action(cli, (config: string, options: CheckOptions) =>
        options.schema === true ? printSchema(cli) : check(cli, config, options),
      ),
    )
}

async function printSchema({ composition, io }: Cli): Promise<ExitCode> {
  const { configSchema } = await import('../../config/json-schema.ts')
  io.out(`${JSON.stringify(configSchema(composition.plugins), undefined, 2)}\n`)
  return 0
}

async function check(cli: Cli, config: string, options: CheckOptions): Promise<ExitCode> {
  const { composition, io } = cli
  const loaded = composition.load(readConfiguration(config), config)
  if (!loaded.ok) {
    if (options.json === true) io.out(`${JSON.stringify({ ok: false, errors: loaded.errors })}\n`)
    else sayErrors(io, config, loaded.errors)
    return 2
  }
  const { printCheck } = await import('../print-check.ts')
  return await printCheck(cli, loaded, { ...options, config })
}
