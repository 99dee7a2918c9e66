import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const cores = availableParallelism()
const longTests = ['test/e2e/**/*.test.ts', 'test/real/**/*.test.ts']

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    // Polls wait for real sockets and imports, which take their time on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...longTests],
          setupFiles: ['test/fixed-seed.ts'],
          maxWorkers: cores,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // Real servers in real time, with browsers and encoders beside them: they run after the
          // others, and one at a time where there are few cores.
          name: 'live',
          include: longTests,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: Math.max(1, Math.floor(cores / 4)),
          // Encoders and browsers share the machine with whatever else runs on it. A second try is
          // counted and named in the report; what must never happen is not tried again in its test.
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    coverage: {
      include: ['src/**', 'probes/**'],
      exclude: ['src/ui/**'],
      reporter: ['text', 'html', 'lcov'],
    },
  },
})
