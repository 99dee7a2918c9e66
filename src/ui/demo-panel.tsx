import { useEffect, useState } from 'preact/hooks'
import type { WatchdogView } from '../core/view.ts'
import { asFailure, askJson, type Done, send } from './api-client.ts'
import { Until } from './moments.tsx'

interface Faults {
  readonly offers: readonly {
    readonly target: string
    readonly fault: string
    readonly says: string
  }[]
  readonly active: readonly {
    readonly id: string
    readonly target: string
    readonly fault: string
    readonly until?: number
  }[]
}

const address = '/api/v1/demo/faults'
const POLL_MS = 2_000

/** Buttons that break the lab, so that one can watch what Changeover does about it. */
export function DemoPanel(props: { readonly demo: NonNullable<WatchdogView['demo']> }) {
  const [faults, setFaults] = useState<Faults>({ offers: [], active: [] })
  const [said, setSaid] = useState('')
  const load = () =>
    askJson<Faults>(address)
      .then(setFaults)
      .catch((error: unknown) => setSaid(asFailure(error).message))
  useEffect(() => {
    void load()
    const timer = setInterval(() => void load(), POLL_MS)
    return () => clearInterval(timer)
  }, [])

  const run = (change: Promise<Done>) => {
    change
      .then(({ says }) => setSaid(says))
      .catch((error: unknown) => setSaid(asFailure(error).message))
      .finally(() => void load())
  }
  const targets = [...new Set(faults.offers.map((offer) => offer.target))]
  return (
    <section class="demo" aria-labelledby="demo-title">
      <h2 id="demo-title">Break something</h2>
      <p>
        This is the demo: a small live stream runs on this machine.{' '}
        <a href={props.demo.viewer} target="_blank" rel="noreferrer">
          Watch it as a viewer
        </a>
      </p>
      {targets.map((target) => (
        <div key={target} class="demo-target" role="group" aria-label={target}>
          <span>{target}</span>
          {faults.offers
            .filter((offer) => offer.target === target)
            .map(({ fault, says }) => (
              <button
                key={fault}
                type="button"
                class="small"
                title={`${says}, for 20 s`}
                onClick={() => run(send(address, { target, fault, for: '20s' }))}
              >
                {fault}
              </button>
            ))}
        </div>
      ))}
      <ul class="demo-active" aria-label="Broken now">
        {faults.active.map((fault) => (
          <li key={fault.id}>
            {fault.target}: {fault.fault}
            {fault.until !== undefined && (
              <>
                , <Until at={fault.until} /> left
              </>
            )}
            <button
              type="button"
              class="small"
              onClick={() =>
                run(send(`${address}/${encodeURIComponent(fault.id)}`, undefined, 'DELETE'))
              }
            >
              heal
            </button>
          </li>
        ))}
      </ul>
      <p role="status" class="said">
        {said}
      </p>
    </section>
  )
}
