import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import type { RulesTestOptions } from '../test-rules.ts'

/** `rules test` and `rules check`. */
export function addRules(program: Command, cli: Cli): void {
  const rules = program
    .command('rules')
    .helpCommand(false)
    .summary('test and check rule files')
    .description(
      'Tests and checks rule files: name.yaml holds rules, name.test.yaml its scenarios.',
    )
    .addHelpText('after', examples('changeover rules test', 'changeover rules check ./rules'))
  rules
    .command('test')
    .summary('run the scenarios of rule files in virtual time')
    .description(
      'Runs every *.test.yaml of a folder in virtual time against the shipped rules and those of the folder. Without a folder: the shipped ones, and those that ./changeover.yaml names. Exit code 1: an expectation does not hold.',
    )
    .argument('[dir]', 'folder with rule files')
    .option('--watch', 'run them again after each change of a file until Ctrl-C')
    .option('--json', 'print the results as JSON')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addHelpText(
      'after',
      examples(
        'changeover rules test',
        'changeover rules test ./rules --watch',
        'changeover rules test ./rules --junit rules.xml',
      ),
    )
    .action(
      action(cli, async (dir: string | undefined, options: RulesTestOptions) => {
        const { testRules } = await import('../test-rules.ts')
        return await testRules(cli, dir, options)
      }),
    )
  rules
    .command('check')
    .summary('validate rule files')
    .description(
      'Validates every rule file of a folder: keys, expressions, measurements, sentences. Without a folder: the shipped ones, and those that ./changeover.yaml names. Exit code 2: something is wrong in one.',
    )
    .argument('[dir]', 'folder with rule files')
    .addHelpText('after', examples('changeover rules check', 'changeover rules check ./rules'))
    .action(
      action(cli, async (dir: string | undefined) => {
        const { checkRules } = await import('../check-rules.ts')
        return await checkRules(cli, dir)
      }),
    )
}
