import { useState } from 'preact/hooks'
import type { IncidentView, WatchdogView } from '../core/view.ts'
import { DemoPanel } from './demo-panel.tsx'
import type { DialogRequest } from './dialog-request.ts'
import { RunningDrill } from './drill-lines.tsx'
import { DrillSection, runningDrill } from './drills.tsx'
import type { Live } from './live.ts'
import { For } from './moments.tsx'
import { Silences } from './silences.tsx'
import { Timeline } from './timeline.tsx'

interface OverviewProps {
  readonly live: Live
  readonly view: WatchdogView
  readonly onOpen: (name: string) => void
  readonly onDialog: (request: DialogRequest) => void
}

/** The panel while no group is open: incidents, and what happened. */
export function Overview({ live, view, onOpen, onDialog }: OverviewProps) {
  const [group, setGroup] = useState('')
  const [isDetailed, setDetailed] = useState(false)
  const titles = new Map(view.groups.map((each) => [each.name, each.title]))
  const running = runningDrill(view)
  const entries = live.journal.filter((entry) => group === '' || entry.group === group)
  return (
    <>
      {view.demo !== undefined && <DemoPanel demo={view.demo} />}
      {running !== undefined && <RunningDrill running={running} onDialog={onDialog} />}
      <h2>
        Open incidents <b class="count">{view.incidents.length}</b>
      </h2>
      {view.incidents.length === 0 && <p class="nothing">None.</p>}
      <ul class="incidents">
        {view.incidents.map((incident) => (
          <Incident key={incident.key} incident={incident} onOpen={onOpen} onDialog={onDialog} />
        ))}
      </ul>
      <Silences view={view} onDialog={onDialog} />
      <DrillSection live={live} view={view} onDialog={onDialog} />
      <div class="panel-head">
        <h2>What happened</h2>
        <select
          aria-label="Group"
          value={group}
          onChange={(event) => setGroup(event.currentTarget.value)}
        >
          <option value="">all groups</option>
          {view.groups.map((each) => (
            <option key={each.name} value={each.name}>
              {each.title} ({each.name})
            </option>
          ))}
        </select>
        <label class="check">
          <input
            type="checkbox"
            checked={isDetailed}
            onChange={(event) => setDetailed(event.currentTarget.checked)}
          />
          details
        </label>
      </div>
      <Timeline entries={entries} isDetailed={isDetailed} {...(group === '' && { titles })} />
    </>
  )
}

function Incident(props: {
  readonly incident: IncidentView
  readonly onOpen: (name: string) => void
  readonly onDialog: (request: DialogRequest) => void
}) {
  const { incident } = props
  return (
    <li class={`incident ${incident.severity}`}>
      <button type="button" class="link" onClick={() => props.onOpen(incident.group)}>
        {incident.title}
      </button>
      <p>{incident.did}</p>
      {incident.viewers !== undefined && <p>Viewers: {incident.viewers}</p>}
      {incident.quiet !== undefined && <p>Nobody is told: {incident.quiet.says}</p>}
      <div class="facts">
        <span class="severity">{incident.severity}</span>
        <span>
          since <For since={incident.since} />
        </span>
        {incident.acknowledgedBy === undefined ? (
          <button
            type="button"
            class="small"
            onClick={() => props.onDialog({ kind: 'ack-incident', incident })}
          >
            I look after it
          </button>
        ) : (
          <span>
            {incident.acknowledgedBy} looks after it
            {incident.acknowledgedFor !== undefined && `: ${incident.acknowledgedFor}`}
          </span>
        )}
        {incident.quiet?.kind !== 'silenced' && (
          <button
            type="button"
            class="small"
            aria-label={`Silence ${incident.title}`}
            onClick={() => props.onDialog({ kind: 'silence', about: { incident } })}
          >
            Silence…
          </button>
        )}
      </div>
    </li>
  )
}
