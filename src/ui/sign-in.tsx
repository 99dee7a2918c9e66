import { useState } from 'preact/hooks'
import { hasToken, rememberToken } from './api-client.ts'
import { Modal } from './modal.tsx'

/** Asks for a token, or forgets the one there is. */
export function SignIn(props: {
  readonly why: string
  readonly onDone: (changed: boolean) => void
}) {
  const [token, setToken] = useState('')
  const keep = (value: string) => {
    rememberToken(value)
    props.onDone(true)
  }
  return (
    <Modal title="Sign in" onClose={() => props.onDone(false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          keep(token.trim())
        }}
      >
        <p>{props.why}</p>
        <label>
          Token
          <input
            name="token"
            type="password"
            required
            autocomplete="off"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p class="aside">It is kept for this tab only.</p>
        <div class="dialog-buttons">
          {hasToken() && (
            <button type="button" onClick={() => keep('')}>
              Sign out
            </button>
          )}
          <button type="button" onClick={() => props.onDone(false)}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Sign in
          </button>
        </div>
      </form>
    </Modal>
  )
}
