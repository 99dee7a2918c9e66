import { useEffect, useState } from 'preact/hooks'
import type { WatchdogView } from '../core/view.ts'
import type { DialogRequest } from './dialog-request.ts'
import { ActionDialog } from './dialogs.tsx'
import { GroupPanel } from './group-panel.tsx'
import { type Live, useLive } from './live.ts'
import { Overview } from './overview.tsx'
import { SignIn } from './sign-in.tsx'
import { Headline, TopBar } from './top-bar.tsx'
import { Wall } from './wall.tsx'
import { headline, sentence } from './words.ts'

const TOAST_MS = 8_000

/** The status page. */
export function App() {
  const [round, setRound] = useState(0)
  const live = useLive(round)
  const [open, setOpen] = useState<string>()
  const [request, setRequest] = useState<DialogRequest>()
  const [isSigningIn, setSigningIn] = useState(false)
  const [toast, setToast] = useToast()
  const { view, session, connection } = live
  const [awaited, setAwaited] = useState<string>()
  useTitle(live)
  useOutcome(view, awaited, (says) => {
    setAwaited(undefined)
    setToast(says)
  })
  useKeys(() => setOpen(undefined))

  const openGroup = (name: string) => setOpen(open === name ? undefined : name)
  const ask = (wanted: DialogRequest) =>
    session?.canChange === true ? setRequest(wanted) : setSigningIn(true)
  const group = view?.groups.find((each) => each.name === open)

  return (
    <div class={`page ${connection.state}`}>
      <TopBar live={live} onSignIn={() => setSigningIn(true)} />
      <Headline live={live} />
      <main class="columns">
        {view === undefined ? (
          <div class="wall" />
        ) : (
          <Wall view={view} open={open} onOpen={openGroup} />
        )}
        <aside
          id="panel"
          class={group === undefined ? 'panel' : 'panel opened'}
          aria-label="Details"
        >
          {view !== undefined &&
            (group === undefined ? (
              <Overview live={live} view={view} onOpen={setOpen} onDialog={ask} />
            ) : (
              <GroupPanel
                key={group.name}
                live={live}
                group={group}
                view={view}
                onClose={() => setOpen(undefined)}
                onDialog={ask}
              />
            ))}
        </aside>
      </main>
      {request !== undefined && view !== undefined && (
        <ActionDialog
          request={fresh(request, view)}
          view={view}
          isNamed={session?.name !== undefined}
          onDone={(says, drill) => {
            setRequest(undefined)
            if (says !== undefined) setToast(sentence(says))
            if (drill !== undefined) setAwaited(drill)
          }}
        />
      )}
      {(isSigningIn || connection.state === 'locked') && (
        <SignIn
          why={
            connection.state === 'locked'
              ? 'Reading this page needs a token.'
              : 'Changing something needs a token with the role operator.'
          }
          onDone={(changed) => {
            setSigningIn(false)
            if (changed) setRound(round + 1)
          }}
        />
      )}
      <p class={toast === '' ? 'toast' : 'toast shown'} role="status">
        {toast}
      </p>
    </div>
  )
}

/** The request with its group as it is now, so that a dialog never argues with old facts. */
function fresh(request: DialogRequest, view: WatchdogView): DialogRequest {
  if (!('group' in request)) return request
  const group = view.groups.find((each) => each.name === request.group.name)
  return group === undefined ? request : { ...request, group }
}

function useToast(): readonly [string, (says: string) => void] {
  const [toast, setToast] = useState('')
  useEffect(() => {
    if (toast === '') return
    const timer = setTimeout(() => setToast(''), TOAST_MS)
    return () => clearTimeout(timer)
  }, [toast])
  return [toast, setToast]
}

/** Tells who began a drill what came of it, also that it never started. */
function useOutcome(
  view: WatchdogView | undefined,
  id: string | undefined,
  tell: (says: string) => void,
): void {
  const ended =
    id === undefined
      ? undefined
      : view?.groups.flatMap(({ drill }) => drill?.recent ?? []).find((each) => each.id === id)
  useEffect(() => {
    if (ended === undefined) return
    tell(`Drill ${ended.plan} ${ended.outcome}: ${sentence(ended.says)}`)
  }, [ended?.id])
}

/** The tab says it too, for when the page is behind others. */
function useTitle({ view, connection }: Live): void {
  const says =
    connection.state === 'lost' || view === undefined ? 'no connection' : headline(view.groups)
  useEffect(() => {
    document.title = `${says} Changeover`
  }, [says])
}

/** `/` finds, Escape closes the open group. */
function useKeys(onEscape: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof HTMLElement && event.target.matches('input, textarea, select')
      if (document.querySelector('dialog[open]') !== null) return
      if (event.key === 'Escape') {
        onEscape()
      } else if (event.key === '/' && !isTyping) {
        event.preventDefault()
        document.getElementById('find')?.focus()
      }
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}
