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
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...longTests] },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: longTests,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
    coverage: { include: ['src/**', 'probes/**'], exclude: ['src/ui/**'] },
  },
})
