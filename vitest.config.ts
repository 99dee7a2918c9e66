import { defineConfig } from 'vitest/config'

const longTests = ['test/e2e/**/*.test.ts', 'test/real/**/*.test.ts']

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...longTests],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Real servers measure real time: they run after the others, few at once.
          name: 'live',
          include: longTests,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
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
