/** What a process does when it is told to. */
export interface SignalHandlers {
  /** SIGHUP: read the configuration again. */
  readonly onReload?: () => void
  /** A second SIGTERM or SIGINT while stopping: the person does not want to wait. */
  readonly onImpatience?: () => void
}

/** The signals of this process, until `close`. */
export interface ProcessSignals {
  /** Aborts at the first SIGTERM or SIGINT; its reason is the name of the signal. */
  readonly stop: AbortSignal
  /** Gives the signals back to their default behaviour. */
  close(): void
}

/** Takes over SIGTERM, SIGINT and SIGHUP of this process. */
export function watchSignals(handlers: SignalHandlers = {}): ProcessSignals {
  const controller = new AbortController()
  const end = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) handlers.onImpatience?.()
    else controller.abort(name)
  }
  const reload = () => handlers.onReload?.()
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('SIGHUP', reload)
  return {
    stop: controller.signal,
    close() {
      process.off('SIGTERM', end)
      process.off('SIGINT', end)
      process.off('SIGHUP', reload)
    },
  }
}
