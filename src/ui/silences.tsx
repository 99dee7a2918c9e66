import type { Silence } from '../core/silence.ts'
import type { WatchdogView } from '../core/view.ts'
import type { DialogRequest } from './dialog-request.ts'
import { coverInWords } from './silence-choice.ts'
import { useNow } from './ticker.ts'
import { countdown, momentInWords } from './times.ts'

/** Who is not told of what, until when and why; to end one, or to begin another. */
export function Silences(props: {
  readonly view: WatchdogView
  readonly onDialog: (request: DialogRequest) => void
}) {
  const { view, onDialog } = props
  return (
    <section aria-labelledby="silences-title">
      <div class="panel-head">
        <h2 id="silences-title">
          Silences <b class="count">{view.silences.length}</b>
        </h2>
        <button
          type="button"
          class="small"
          onClick={() => onDialog({ kind: 'silence', about: {} })}
        >
          Silence…
        </button>
      </div>
      {view.silences.length === 0 && <p class="nothing">None: people are told of everything.</p>}
      <ul class="incidents">
        {view.silences.map((silence) => (
          <Line
            key={silence.id}
            silence={silence}
            onEnd={() => onDialog({ kind: 'end-silence', silence })}
          />
        ))}
      </ul>
    </section>
  )
}

function Line(props: { readonly silence: Silence; readonly onEnd: () => void }) {
  const { from, match, owner, reason, until } = props.silence
  const now = useNow()
  return (
    <li class="incident silence">
      {coverInWords(match)}
      <p>
        {owner}: {reason}
      </p>
      <div class="facts">
        {from > now && <span>from {momentInWords(from, now)}</span>}
        <span>
          until {momentInWords(until, now)}
          {from <= now && `, another ${countdown(until - now)}`}
        </span>
        <button
          type="button"
          class="small"
          aria-label={`End the silence of ${coverInWords(match)}`}
          onClick={props.onEnd}
        >
          End…
        </button>
      </div>
    </li>
  )
}

/** That nobody is told of a group or path, where that is so: nobody may wonder why it stayed quiet. */
export function SilencedBanner({ silences }: { readonly silences: readonly Silence[] }) {
  const now = useNow()
  return (
    <>
      {silences.map(({ id, match, owner, reason, until }) => (
        <p key={id} class="banner silenced">
          <strong>
            Nobody is told of {coverInWords(match)} until {momentInWords(until, now)}.
          </strong>{' '}
          {owner}: {reason}. Decisions go on.
        </p>
      ))}
    </>
  )
}
