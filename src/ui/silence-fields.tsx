import type { WatchdogView } from '../core/view.ts'
import {
  type Cover,
  coverInWords,
  covered,
  coversOf,
  matchOf,
  namesOf,
  type SilenceAbout,
  type SilenceChoice,
  silenceFault,
  silenceMs,
  silencePeriods,
} from './silence-choice.ts'
import { useNow } from './ticker.ts'
import { momentInWords } from './times.ts'

const coverWords: Readonly<Record<Cover, string>> = {
  incident: 'This incident',
  path: 'Path',
  group: 'Group',
  stream: 'Stream',
  all: 'Everything',
}

/** What is silenced, for how long, and what that comes to now. */
export function SilenceFields(props: {
  readonly about: SilenceAbout
  readonly view: WatchdogView
  readonly choice: SilenceChoice
  readonly onChange: (choice: SilenceChoice) => void
}) {
  const { about, view, choice, onChange } = props
  const { cover, names } = choice
  return (
    <>
      <fieldset class="periods">
        <legend>What it covers</legend>
        {coversOf(about, view.groups).map((each) => (
          <label key={each} class="check">
            <input
              type="radio"
              name="cover"
              value={each}
              checked={cover === each}
              onChange={() => onChange({ ...choice, cover: each })}
            />
            {coverWords[each]}
          </label>
        ))}
      </fieldset>
      {cover !== 'incident' && cover !== 'all' && (
        <label>
          Which {cover}
          <select
            name="name"
            value={names[cover]}
            onChange={(event) =>
              onChange({ ...choice, names: { ...names, [cover]: event.currentTarget.value } })
            }
          >
            {namesOf(cover, view.groups).map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <Length choice={choice} onChange={onChange} />
      <Outlook about={about} view={view} choice={choice} />
    </>
  )
}

function Length(props: {
  readonly choice: SilenceChoice
  readonly onChange: (choice: SilenceChoice) => void
}) {
  const { choice, onChange } = props
  const words = { '15m': '15 min', '1h': '1 h', '4h': '4 h' } as const
  const isOwn = choice.period === 'own'
  const fault = silenceFault(choice)
  return (
    <fieldset class="periods">
      <legend>For how long</legend>
      {silencePeriods.map((each) => (
        <label key={each} class="check">
          <input
            type="radio"
            name="period"
            value={each}
            checked={choice.period === each}
            onChange={() => onChange({ ...choice, period: each })}
          />
          {words[each]}
        </label>
      ))}
      <label class="check">
        <input
          type="radio"
          name="period"
          value="own"
          checked={isOwn}
          onChange={() => onChange({ ...choice, period: 'own' })}
        />
        another time
      </label>
      {isOwn && (
        <label class="own">
          How long, with a unit
          <input
            name="own"
            required
            autocomplete="off"
            placeholder="90m"
            maxLength={20}
            value={choice.own}
            aria-invalid={fault !== undefined}
            aria-describedby="own-fault"
            onInput={(event) => onChange({ ...choice, own: event.currentTarget.value })}
          />
        </label>
      )}
      {isOwn && (
        <p id="own-fault" role="status" class={fault === undefined ? '' : 'caution'}>
          {fault}
        </p>
      )}
    </fieldset>
  )
}

/** What the choice comes to: until when, of what that is open now, and what it does not hide. */
function Outlook(props: {
  readonly about: SilenceAbout
  readonly view: WatchdogView
  readonly choice: SilenceChoice
}) {
  const { about, choice, view } = props
  const now = useNow()
  const match = matchOf(choice, about)
  const ms = silenceMs(choice)
  const open = covered(match, view)
  return (
    <div class="consequences" aria-live="polite">
      <p>
        Nobody is told of <b>{coverInWords(match)}</b>
        {ms === undefined ? '' : ` until ${momentInWords(now + ms, now)}`}. Changeover goes on
        deciding and moving traffic; to stop that, hold the group.
      </p>
      <p>
        {open.length === 0
          ? 'Nothing of it is open now.'
          : `Open now: ${open.map(({ title }) => title).join('; ')}.`}
      </p>
      {choice.cover === 'all' && (
        <p class="caution">
          If any stream fails meanwhile, nobody is told. Only that Changeover itself cannot see, act
          or tell still gets through.
        </p>
      )}
    </div>
  )
}
