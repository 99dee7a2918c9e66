import type { Command } from 'commander'

const columns = 96

const intro = `# Command line

<!-- Generated from the commands in src/cli/commands. Regenerate it with
     npx vitest run --project unit test/cli/help.test.ts -u -->

In the repository every command runs without a build as \`npm run -s changeover -- <command>\`;
installed, it is \`changeover <command>\`. \`npm start\` runs the demo.

- Exit codes: 0 done or healthy, 1 the answer is bad (not on air, tests failed, journal broken),
  2 usage or configuration error, 3 could not tell.
- What was asked for goes to standard output, errors and remarks to standard error. An error is one
  sentence and what to do about it.
- Colour appears in terminals only; \`NO_COLOR\` turns it off there too. Colour never says what the
  words do not. Times are UTC.
- A group is called \`<stream>/<group>\`. A duration needs a unit: \`250ms\`, \`30s\`, \`1m30s\`, \`2h\`.

Commands that ask a running watchdog (\`status\`, \`explain\`, \`journal\`, \`steer\`, \`hold\`,
\`release\`, \`ack\`, \`adopt\`) take its address from \`--url\`, \`CHANGEOVER_URL\` or
http://127.0.0.1:8642. Changing needs a token with the role operator: from \`--token-file\`,
\`CHANGEOVER_TOKEN\`, \`--token\`, or, for a watchdog on this machine, \`changeover.token\` in the
working directory, which the watchdog makes beside its store at first start. Where no watchdog
answers they end with exit code 3.
`

/** A command with its full name, without the name of the program. */
interface NamedCommand {
  readonly path: string
  readonly command: Command
}

/** Every command, subcommands behind theirs. */
export function everyCommand(program: Command, prefix = ''): NamedCommand[] {
  return program.commands.flatMap((command) => {
    const path = `${prefix}${command.name()}`
    return [{ path, command }, ...everyCommand(command, `${path} `)]
  })
}

/** The help of a command as it is printed, at a fixed width and without colour. */
export function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => void (text += part),
    getOutHelpWidth: () => columns,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.trimEnd()
}

/** The reference of the command line in Markdown, made from the commands alone. */
export function commandsMarkdown(program: Command): string {
  const sections = everyCommand(program).map(
    ({ path, command }) => `## changeover ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
  )
  return [intro, ...sections].join('\n')
}
