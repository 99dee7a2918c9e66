import { useState } from 'preact/hooks'
import type { WatchdogView } from '../core/view.ts'
import { type ApiFailure, asFailure, type Done, groupAddress, send } from './api-client.ts'
import { type DialogRequest, dialogTexts } from './dialog-request.ts'
import { DrillFields } from './drill-fields.tsx'
import { Modal } from './modal.tsx'
import { firstSilence, silenceBody, type SilenceChoice, silenceFault } from './silence-choice.ts'
import { SilenceFields } from './silence-fields.tsx'
import { sentence } from './words.ts'
import {
  choiceFault,
  firstChoice,
  SteerFields,
  type SteerChoice,
  steerBody,
} from './steer-fields.tsx'

interface DialogProps {
  readonly request: DialogRequest
  readonly view: WatchdogView
  /** The caller has a token, whose name stands for the person. */
  readonly isNamed: boolean
  /** Closes; with the server's sentence where something was done, and the id of a drill that began. */
  readonly onDone: (says?: string, drill?: string) => void
}

const nameKey = 'changeover-name'
const periods = ['10m', '30m', '1h', '4h', '12h', '3d']

/** Says what will happen, asks why, does it, and shows what came of it. */
export function ActionDialog({ request, view, isNamed, onDone }: DialogProps) {
  const [reason, setReason] = useState('')
  const [name, setName] = useState(localStorage.getItem(nameKey) ?? '')
  const [period, setPeriod] = useState('30m')
  const [choice, setChoice] = useState<SteerChoice>(() =>
    firstChoice(request.kind === 'steer' ? request.group : undefined),
  )
  const [silence, setSilence] = useState<SilenceChoice>(() =>
    firstSilence(request.kind === 'silence' ? request.about : {}, view.groups),
  )
  const [failure, setFailure] = useState<ApiFailure>()
  const [isDrillReady, setDrillReady] = useState(false)
  const [refused, setRefused] = useState<{ readonly guard: string; readonly says: string }>()
  const [isBusy, setBusy] = useState(false)
  const { title, button, explanation } = dialogTexts(request)

  const submit = async () => {
    setBusy(true)
    setFailure(undefined)
    localStorage.setItem(nameKey, name)
    const person = { reason, ...(name !== '' && { actor: name }) }
    try {
      const { says, id } = await perform(request, person, { period, choice, silence })
      onDone(says, id)
    } catch (error) {
      const failed = asFailure(error)
      setFailure(failed)
      const { guard, message } = failed
      if (guard !== undefined) setRefused({ guard, says: message.replace(`${guard}: `, '') })
      setBusy(false)
    }
  }

  return (
    <Modal title={title} onClose={() => onDone()}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        {explanation !== '' && <p>{explanation}</p>}
        {request.kind === 'steer' && (
          <SteerFields
            group={request.group}
            mode={view.mode}
            choice={choice}
            refused={refused}
            onChange={setChoice}
          />
        )}
        {request.kind === 'silence' && (
          <SilenceFields about={request.about} view={view} choice={silence} onChange={setSilence} />
        )}
        {request.kind === 'drill' && <DrillFields plan={request.plan} onReady={setDrillReady} />}
        {request.kind === 'hold' && (
          <fieldset class="periods">
            <legend>For how long</legend>
            {periods.map((each) => (
              <label key={each} class="check">
                <input
                  type="radio"
                  name="period"
                  value={each}
                  checked={period === each}
                  onChange={() => setPeriod(each)}
                />
                {each}
              </label>
            ))}
          </fieldset>
        )}
        <label>
          {request.kind === 'ack-incident'
            ? 'What you do about it, if you want to say so. It goes into the journal.'
            : 'Why? It goes into the journal.'}
          <textarea
            name="reason"
            required={request.kind !== 'ack-incident'}
            rows={2}
            maxLength={500}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <label>
          Your name
          <input
            name="actor"
            required={!isNamed}
            maxLength={80}
            value={name}
            autocomplete="name"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {failure !== undefined && (
          <p role="alert" class="failure">
            <strong>{sentence(failure.message)}</strong>{' '}
            {failure.guard === undefined
              ? failure.todo
              : `To do it all the same, tick ${failure.guard} above.`}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" onClick={() => onDone()}>
            Cancel
          </button>
          <button
            type="submit"
            class="primary"
            disabled={
              isBusy ||
              (request.kind === 'steer' && choiceFault(choice) !== undefined) ||
              (request.kind === 'drill' && !isDrillReady) ||
              (request.kind === 'silence' && silenceFault(silence) !== undefined)
            }
          >
            {isBusy ? 'Asking…' : button}
          </button>
        </div>
      </form>
    </Modal>
  )
}

function perform(
  request: DialogRequest,
  person: { readonly reason: string; readonly actor?: string },
  chosen: {
    readonly period: string
    readonly choice: SteerChoice
    readonly silence: SilenceChoice
  },
): Promise<Done> {
  if (request.kind === 'ack-incident') {
    const { reason, ...who } = person
    return send(`/api/v1/incidents/${encodeURIComponent(request.incident.key)}/ack`, {
      ...who,
      ...(reason.trim() !== '' && { reason }),
    })
  }
  if (request.kind === 'silence') {
    return send('/api/v1/silences', { ...silenceBody(chosen.silence, request.about), ...person })
  }
  if (request.kind === 'end-silence') {
    return send(`/api/v1/silences/${encodeURIComponent(request.silence.id)}/end`, person)
  }
  if (request.kind === 'drill') {
    return send(`/api/v1/drills/plans/${encodeURIComponent(request.plan.name)}/run`, person)
  }
  if (request.kind === 'abort-drill') {
    return send('/api/v1/drills/abort', { ...person, id: request.running.id })
  }
  const address = groupAddress(request.group.name, request.kind)
  if (request.kind === 'steer') return send(address, { ...steerBody(chosen.choice), ...person })
  if (request.kind === 'hold') return send(address, { for: chosen.period, ...person })
  return send(address, person)
}
