import { dirname, resolve } from 'node:path'
import type { Settings } from '../core/settings.ts'

/** The file of a store setting such as `sqlite:./changeover.db`, relative to the configuration. */
export function storeFile(settings: Settings, config: string): string {
  return resolve(dirname(resolve(config)), settings.store.replace(/^sqlite:/u, ''))
}
