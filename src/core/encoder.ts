/** How one encoder is kept running, and where it may send its stream. */
export interface EncoderSettings {
  /** Where Changeover says what serves: `http://host:port/serve/<stream>/<group>`. */
  readonly serve: string
  /** How often it is asked, in milliseconds. */
  readonly everyMs: number
  /** Without any answer for so long after the start, the first target is taken. */
  readonly startWithinMs: number
  /** Targets by the name of their path, the preferred one first. */
  readonly targets: readonly { readonly path: string; readonly url: string }[]
  readonly program: string
  /** `{target}` stands for the URL of the target. */
  readonly args: readonly string[]
  /** Environment variables of ours that the program gets. */
  readonly environment: readonly string[]
  /** How long to wait before a program that ended is started again, in milliseconds. */
  readonly restart: { readonly firstMs: number; readonly mostMs: number }
}
