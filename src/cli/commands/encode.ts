import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'

/** `encode`: an encoder under our supervision. */
export function addEncode(program: Command, cli: Cli): void {
  program
    .command('encode')
    .summary('keep an encoder running, at the ingest that is active')
    .description(
      'Runs FFmpeg, GStreamer or another program that sends a stream to a URL. It asks Changeover (the actuator `serve` of the group) which path serves, starts the program with that target, starts it anew when the active path changes, and again with growing waits when it ends. Without an answer the program goes on where it is; it does not end with Changeover. Runs until Ctrl-C.',
    )
    .argument('<file>', 'what to run and where to send it')
    .addHelpText(
      'after',
      `${examples('changeover encode encoder.yaml')}
The file:
  serve: http://changeover:8643/serve/channel-1/ingest
  targets:
    main: "rtmp://a.example/live/\${KEY}"
    backup: "rtmp://b.example/live/\${KEY}"
  run: [ffmpeg, -re, -i, input.ts, -c, copy, -f, flv, "{target}"]
  environment: []      # names of variables that the program gets
  every: 1s            # how often Changeover is asked
  start_within: 10s    # without an answer at the start: the first target
  restart: { first: 500ms, most: 30s }
`,
    )
    .action(
      action(cli, async (file: string) => {
        const { runEncode } = await import('../run-encode.ts')
        return await runEncode(cli, file)
      }),
    )
}
