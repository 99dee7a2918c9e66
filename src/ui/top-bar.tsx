import { useState } from 'preact/hooks'
import type { WatchdogView } from '../core/view.ts'
import type { Live } from './live.ts'
import { Mark } from './shapes.tsx'
import { applyTheme, nextTheme, rememberedTheme } from './theme.ts'
import { useNow } from './ticker.ts'
import { span, timeOfDay } from './times.ts'
import { headline, subline } from './words.ts'

const modeMeans = {
  off: 'off: watches only',
  advise: 'advise: decides and explains, changes nothing',
  armed: 'armed: moves traffic by itself',
} as const

/** Name, mode, the watchdog's own health, and whether what the page shows is fresh. */
export function TopBar({ live, onSignIn }: { readonly live: Live; readonly onSignIn: () => void }) {
  const { view, session } = live
  return (
    <header class="top">
      <h1>
        <svg viewBox="0 0 34 20" aria-hidden="true">
          <path class="heavy" d="M1 4.5h13l9 5.5h10" />
          <path class="light" d="M1 15.5h9" />
          <circle class="light" cx="13.2" cy="15.5" r="2.2" />
        </svg>
        Changeover
      </h1>
      {view !== undefined && (
        <>
          <span class={`mode ${view.mode}`}>{modeMeans[view.mode]}</span>
          <Self label={`vantage ${view.vantage.name}`} {...view.vantage} />
          <Self label="store" {...view.store} />
        </>
      )}
      <span class="grow" />
      <Clock live={live} />
      {session !== undefined && (session.role !== 'none' || !session.canChange) && (
        <button type="button" class="quiet" onClick={onSignIn}>
          {session.role === 'none' ? 'Sign in' : (session.name ?? session.role)}
        </button>
      )}
      <ThemeButton />
    </header>
  )
}

function Self(props: { readonly label: string; readonly ok: boolean; readonly says: string }) {
  return (
    <span class={props.ok ? 'self' : 'self bad'} title={props.says}>
      <Mark kind={props.ok ? 'pass' : 'veto'} label={props.ok ? 'well' : 'in trouble'} />
      {props.label}
      {!props.ok && `: ${props.says}`}
    </span>
  )
}

function Clock({ live }: { readonly live: Live }) {
  const now = useNow()
  const words = { connecting: 'connecting', live: 'live', locked: 'locked', lost: 'lost' }
  const { state } = live.connection
  return (
    <span class={`clock ${state}`}>
      <i aria-hidden="true" />
      {words[state]} <time>{timeOfDay(now)}</time>
    </span>
  )
}

function ThemeButton() {
  const [theme, setTheme] = useState(rememberedTheme)
  const change = () => {
    const next = nextTheme(theme)
    applyTheme(next)
    setTheme(next)
  }
  return (
    <button type="button" class="quiet" onClick={change} aria-label={`Theme: ${theme}. Change.`}>
      theme: {theme}
    </button>
  )
}

/** The wall in a sentence; in its place, at once, that the connection is lost. */
export function Headline({ live }: { readonly live: Live }) {
  const { connection, view } = live
  if (connection.state === 'lost') return <Lost since={connection.since} view={view} />
  if (view === undefined) return <Line says="Connecting…" more="Waiting for the first state." />
  return <Line says={headline(view.groups)} more={subline(view.groups)} />
}

function Lost(props: { readonly since: number; readonly view: WatchdogView | undefined }) {
  useNow()
  const more =
    props.view === undefined
      ? 'Changeover does not answer. Trying again.'
      : `What you see is as it was at ${timeOfDay(props.view.wall)}. Trying again.`
  return (
    <div class="headline lost" role="alert">
      <p class="first">Connection lost {span(Date.now() - props.since)} ago.</p>
      <p class="second">{more}</p>
    </div>
  )
}

function Line({ says, more }: { readonly says: string; readonly more: string }) {
  return (
    <div class="headline" role="status">
      <p class="first">{says}</p>
      <p class="second">{more}</p>
    </div>
  )
}
