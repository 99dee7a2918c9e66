import type { Clock } from '../core/clock.ts'

const everyMs = 1_000

/**
 * Calls `onChange` after a text has changed and then stayed the same for one look, so that a file
 * is not taken half written. Looks at the text and not at the file's time: Kubernetes replaces a
 * mounted file by moving a link. What cannot be read just now has not changed.
 */
export async function watchText(
  clock: Clock,
  read: () => string,
  signal: AbortSignal,
  onChange: () => void,
): Promise<void> {
  let known = attempt(read)
  let last = known
  while (await clock.sleep(everyMs, signal)) {
    const text = attempt(read)
    if (text !== undefined && text === last && text !== known) {
      known = text
      onChange()
    }
    last = text
  }
}

function attempt(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
