import { afterEach, beforeEach } from 'vitest'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { NotifierContext } from '../../src/plugin/notifier.ts'

/** What a notifier is given, with a network of its own for each test. */
export function notifierContext(): () => NotifierContext {
  let net: RealNet
  beforeEach(() => {
    net = createNet({ clock: realClock() })
  })
  afterEach(async () => {
    await net.close()
  })
  return () => ({ clock: realClock(), net, callTimeoutMs: 5_000 })
}
