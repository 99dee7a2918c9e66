import type { Plugins } from '../app/plugin-binding.ts'
import type { Clock, Ids, Random } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Settings } from '../core/settings.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { Files } from '../plugin/files.ts'
import type { Net } from '../plugin/net.ts'
import type { Processes } from '../plugin/processes.ts'
import type { Store } from '../plugin/store.ts'

/** A configuration with its compiled rules, or every error in it. */
export type LoadedConfiguration =
  | {
      readonly ok: true
      readonly settings: Settings
      readonly rules: RuleSet
      readonly warnings: readonly string[]
    }
  | { readonly ok: false; readonly errors: readonly string[] }

/** A watchdog with its API, running in this process. */
export interface RunningWatchdog {
  /** Address of the operator listener: `http://127.0.0.1:8642`. */
  readonly url: string
  readonly publicUrl: string | undefined
  /** Where agent-checks of HAProxy are answered, where that is configured. */
  readonly agent?: { readonly host: string; readonly port: number } | undefined
  /** Where the operator token was put, if one was made. */
  readonly tokenFile: string | undefined
  /** Reads the configuration again; on any error the running one is kept. */
  reload(): Promise<
    | { readonly ok: true; readonly warnings: readonly string[] }
    | { readonly ok: false; readonly errors: readonly string[] }
  >
  stop(): Promise<void>
}

/** What starts a watchdog. */
export interface WatchdogStart {
  /** Reads the configuration text now; called again for a reload. */
  readonly read: () => string
  readonly fileName: string
  readonly log: Log
  /** Controls of the demo: the lab's faults on the status page, changes without a token. */
  readonly demo?: DemoControls
}

/** The breakable stream as the status page of the demo offers it. */
export interface DemoControls {
  /** Addresses shown on the page: the lab's control API and the viewer's playlist through the switch. */
  readonly lab: string
  readonly viewer: string
  offers(): readonly { readonly target: string; readonly fault: string; readonly says: string }[]
  active(): readonly {
    readonly id: string
    readonly target: string
    readonly fault: string
    readonly since: number
    readonly until?: number
  }[]
  /** Breaks something and says what; rejects with a sentence for a name that does not exist. */
  inject(target: string, fault: string, forMs: number): Promise<string>
  heal(id: string): Promise<boolean>
}

/**
 * Everything real that commands use, built once in `main.ts`: clock, chance, network, plug-ins.
 * Commands take it as an argument and so run in tests with other parts.
 */
export interface Composition {
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly net: Net
  readonly processes?: Processes | undefined
  readonly files?: Files | undefined
  readonly plugins: Plugins
  readonly environment: (name: string) => string | undefined
  /** Reads a configuration text with the shipped and configured rule packs; pure but for files it names. */
  load(text: string, fileName: string): LoadedConfiguration
  /** Opens the store of a configuration, `sqlite:<file>`, a relative file beside the configuration. */
  openStore(settings: Settings, fileName?: string): Promise<Store>
  startWatchdog(start: WatchdogStart): Promise<RunningWatchdog>
  /** Resolves when the process is asked to end; `onReload` on SIGHUP. */
  untilStopped(onReload?: () => void): Promise<void>
}
