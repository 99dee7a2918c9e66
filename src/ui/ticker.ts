import { useEffect, useState } from 'preact/hooks'

let skew = 0
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** Tells what time it is at the server, so that ages do not depend on the reader's clock. */
export function setServerTime(wall: number): void {
  const next = wall - Date.now()
  // Small differences are the network's; following them would make every age tremble.
  if (Math.abs(next - skew) > 250) skew = next
}

/** The server's time as far as it is known. */
export function serverNow(): number {
  return Date.now() + skew
}

/** The server's time, again each second, for what shows an age or counts down. */
export function useNow(): number {
  const [, count] = useState(0)
  useEffect(() => {
    const tick = () => count((ticks) => ticks + 1)
    listeners.add(tick)
    timer ??= setInterval(() => {
      for (const listener of listeners) listener()
    }, 1000)
    return () => {
      listeners.delete(tick)
      if (listeners.size > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }, [])
  return serverNow()
}
