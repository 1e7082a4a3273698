// What happened to a need and to its matches, in the order of time.
import { num, type Match, type Need } from '@/api/client'
import { t, type Places } from '@/texts'
import { holds } from './words'

// How a match began. One that ended before anybody said yes may have been claimed or proposed.
function beginning(m: Match): string {
  if (m.wasDispatched) return 'timeline.dispatched'
  if (m.state === 'MATCH_STATE_PROPOSED') return 'timeline.proposed'
  const ended = /CANCELLED|LAPSED/.test(m.state ?? '') && num(m.acceptedAt) === 0
  return ended ? 'timeline.matched' : 'timeline.claimed'
}

// `parties`: their names, by number.
export function timelineOf(n: Need, matches: Match[], parties: Map<string, string>) {
  const steps: { at: number; text: string }[] = []
  const put = (at: string | undefined, key: string, more: Places = {}) => {
    if (num(at) > 0) steps.push({ at: num(at), text: t(key, more) })
  }
  put(n.createdAt, 'timeline.created')
  put(n.submittedAt, 'timeline.submitted')
  put(n.openedAt, 'timeline.opened')
  put(n.raisedAt, 'timeline.raised')
  put(n.filledAt, 'timeline.filled')
  put(n.startedAt, 'timeline.started')
  put(n.doneAt, 'timeline.done')
  put(n.endedAt, 'timeline.ended')
  for (const m of matches) {
    const who = parties.get(m.partyId ?? '') ?? ''
    put(m.createdAt, beginning(m), { who })
    put(m.acceptedAt, 'timeline.accepted', { who })
    put(m.checkedInAt, 'timeline.checkedIn', { who })
    put(m.checkedOutAt, 'timeline.checkedOut', { who })
    if (!holds(m)) put(m.changedAt, 'timeline.fell', { who, why: m.reason ?? '' })
  }
  return steps.sort((a, b) => a.at - b.at)
}
