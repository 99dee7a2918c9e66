import { ChangeoverError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { faultKind } from '../lab/faults/faults.ts'
import type { Lab } from '../lab/start-lab.ts'
import type { Cli } from './cli.ts'
import type { DemoControls } from './composition.ts'

/** What breaks in the demo, in this order: each is a different way in which viewers lose a stream. */
const rotation = [
  'freeze',
  'unavailable',
  'segments-404',
  'html',
  'refuse',
  'playlist-404',
] as const

const lastsMs = 20_000

/** The lab's faults as the status page offers them: each of the rotation, at each edge. */
export function demoControls(lab: Lab, stream: string): DemoControls {
  const { edges, control, switch: viewer = '' } = lab.urls
  const offers = Object.keys(edges).flatMap((target) =>
    rotation.map((fault) => ({ target, fault, says: faultKind(fault).says })),
  )
  return {
    lab: `${control}/lab/state`,
    viewer: `${viewer}/${stream}/main.m3u8`,
    offers: () => offers,
    active: () => lab.faults(),
    async inject(target, fault, forMs) {
      const offer = offers.find((each) => each.target === target && each.fault === fault)
      if (offer === undefined) {
        throw new ChangeoverError('NOT_FOUND', `No fault ${fault} at ${target} is on offer.`, {
          todo: 'Use one of the faults on the page, or the control API of the lab.',
        })
      }
      await lab.inject(target, fault, { forMs })
      return `${target}: ${offer.says}`
    },
    heal: (id) => lab.heal(id),
  }
}

/** Breaks the edge that serves, every `everyMs`, each time in the next way, until `signal` aborts. */
export async function breakNowAndThen(
  { composition }: Cli,
  { lab, log, everyMs, signal }: { lab: Lab; log: Log; everyMs: number; signal: AbortSignal },
): Promise<void> {
  let round = 0
  while (await composition.clock.sleep(everyMs, signal)) {
    const target = lab.state().switch?.serving[0]
    const fault = rotation[round % rotation.length] ?? 'freeze'
    // One trouble at a time: who breaks it by hand wants to see what comes of that alone.
    if (target === undefined || lab.faults().length > 0) continue
    round += 1
    await lab.inject(target, fault, { forMs: lastsMs })
    log.warn({ target, fault, seconds: lastsMs / 1_000 }, `the demo breaks ${target}`)
  }
}
