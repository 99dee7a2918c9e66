import { z } from 'zod'
import type { Plugins } from '../../src/config/plugin-options.ts'
import { duration, pathName, perPath, secretUrl, somePaths } from '../../src/plugin/option-types.ts'

/** Two probes, two actuators and a notifier with options of every kind, and nothing behind them. */
export const fakePlugins: Plugins = {
  probes: [
    {
      type: 'pull',
      summary: 'Pulls a URL.',
      options: z.strictObject({
        url: secretUrl('http', 'https').describe('What is pulled.'),
        address: z.ipv4().optional().describe('Where it is pulled from.'),
        timeout: duration('100ms', '1m').default(4_000).describe('How long one pull may take.'),
        depth: z.int().min(1).max(9).default(3).describe('How deep it looks.'),
        mode: z.enum(['light', 'deep']).default('light').describe('How it looks.'),
      }),
    },
    {
      type: 'connect',
      summary: 'Opens a connection.',
      options: z.strictObject({
        address: z.string().min(3).describe('Where to.'),
        password: z.string().min(8).optional().describe('What it says there.'),
      }),
    },
  ],
  actuators: [
    {
      type: 'balancer',
      summary: 'Sets weights.',
      options: z.strictObject({
        socket: z.string().min(1).describe('Its socket.'),
        servers: perPath(z.string()).optional().describe('Its server of each path.'),
        copies: somePaths(z.strictObject({ of: pathName().describe('Its original.') }))
          .optional()
          .describe('Paths that are copies.'),
      }),
    },
    {
      type: 'answer',
      summary: 'Is asked.',
      options: z.discriminatedUnion('style', [
        z.strictObject({ style: z.literal('plain').describe('In words.') }),
        z.strictObject({
          style: z.literal('coded').describe('In numbers.'),
          code: z.int().min(200).max(599).describe('The number.'),
        }),
      ]),
    },
  ],
  notifiers: [
    {
      type: 'pager',
      summary: 'Pages.',
      options: z.strictObject({ routing_key: z.string().length(8).describe('The key.') }),
    },
  ],
}
