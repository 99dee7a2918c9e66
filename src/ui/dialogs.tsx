import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Mode } from '../core/group.ts'
import type { GroupView, IncidentView } from '../core/view.ts'
import { type ApiFailure, asFailure, groupAddress, send } from './api-client.ts'
import {
  choiceFault,
  firstChoice,
  SteerFields,
  type SteerChoice,
  steerBody,
} from './steer-fields.tsx'

/** What a person wants to do, before it is explained and done. */
export type DialogRequest =
  | { readonly kind: 'steer' | 'hold' | 'release' | 'ack' | 'adopt'; readonly group: GroupView }
  | { readonly kind: 'ack-incident'; readonly incident: IncidentView }

interface DialogProps {
  readonly request: DialogRequest
  readonly mode: Mode
  /** The caller has a token, whose name stands for the person. */
  readonly isNamed: boolean
  /** Closes; with the server's sentence where something was done. */
  readonly onDone: (says?: string) => void
}

const nameKey = 'changeover-name'
const periods = ['10m', '30m', '1h', '4h', '12h', '3d']

/** Says what will happen, asks why, does it, and shows what came of it. */
export function ActionDialog({ request, mode, isNamed, onDone }: DialogProps) {
  const [reason, setReason] = useState('')
  const [name, setName] = useState(localStorage.getItem(nameKey) ?? '')
  const [period, setPeriod] = useState('30m')
  const [choice, setChoice] = useState<SteerChoice>(() =>
    firstChoice(request.kind === 'steer' ? request.group : undefined),
  )
  const [failure, setFailure] = useState<ApiFailure>()
  const [refused, setRefused] = useState<{ readonly guard: string; readonly says: string }>()
  const [isBusy, setBusy] = useState(false)
  const { title, button, explanation } = texts(request)

  const submit = async () => {
    setBusy(true)
    setFailure(undefined)
    localStorage.setItem(nameKey, name)
    const person = { reason, ...(name !== '' && { actor: name }) }
    try {
      onDone(await perform(request, person, period, choice))
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
            mode={mode}
            choice={choice}
            refused={refused}
            onChange={setChoice}
          />
        )}
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
            <strong>{failure.message}</strong>{' '}
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
            disabled={isBusy || (request.kind === 'steer' && choiceFault(choice) !== undefined)}
          >
            {isBusy ? 'Asking…' : button}
          </button>
        </div>
      </form>
    </Modal>
  )
}

/** A dialog of the browser's own: it keeps the focus inside and closes with Escape. */
export function Modal(props: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={props.onClose}>
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  )
}

function perform(
  request: DialogRequest,
  person: { readonly reason: string; readonly actor?: string },
  period: string,
  choice: SteerChoice,
): Promise<string> {
  if (request.kind === 'ack-incident') {
    const { reason, ...who } = person
    return send(`/api/v1/incidents/${encodeURIComponent(request.incident.key)}/ack`, {
      ...who,
      ...(reason.trim() !== '' && { reason }),
    })
  }
  const address = groupAddress(request.group.name, request.kind)
  if (request.kind === 'steer') return send(address, { ...steerBody(choice), ...person })
  if (request.kind === 'hold') return send(address, { for: period, ...person })
  return send(address, person)
}

function texts(request: DialogRequest) {
  switch (request.kind) {
    case 'steer':
      return {
        title: `Steer ${nameOf(request.group)}`,
        button: 'Move the traffic',
        explanation: '',
      }
    case 'hold':
      return {
        title: `Hold ${nameOf(request.group)}`,
        button: 'Hold',
        explanation: `The traffic stays on ${request.group.active ?? 'what carries it'}, also if that fails, until the hold ends or somebody releases it. Watching and paging go on.`,
      }
    case 'release':
      return {
        title: `Release ${nameOf(request.group)}`,
        button: 'Release',
        explanation:
          'The group reads the world back and then decides by itself again. If the active path is down, it may move at once.',
      }
    case 'ack':
      return {
        title: `Acknowledge ${nameOf(request.group)}`,
        button: 'Acknowledge',
        explanation: `Frozen: ${request.group.frozen?.says ?? 'a person must look'}. The group reads the world back and then decides by itself again.`,
      }
    case 'adopt':
      return {
        title: `Adopt ${nameOf(request.group)}`,
        button: 'Adopt',
        explanation:
          'Changeover takes over what others wrote at the actuators of this group, as it is now, and manages it from then on.',
      }
    case 'ack-incident':
      return {
        title: 'Look after an incident',
        button: 'I look after it',
        explanation: `${request.incident.title}. Escalation stops; everybody sees your name. Nothing is moved.`,
      }
  }
}

function nameOf(group: GroupView): string {
  return `${group.title} (${group.name})`
}
