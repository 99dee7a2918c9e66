import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Builds the status page. `vite` alone serves it while one works on it, with the API of a running watchdog. */
export default defineConfig({
  root: here('./src/ui'),
  build: {
    outDir: here('./dist/ui'),
    emptyOutDir: true,
    target: 'es2023',
    // The content security policy knows no inline scripts, and modern browsers need no polyfill.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8642' } },
})
