// What an organiser may do with a match, by its state.
import { ask, client, num, type Match } from '@/api/client'

export type MatchVerb = 'dispatch' | 'confirm' | 'verify' | 'noShow' | 'checkIn' | 'checkOut'

// `unconfirmed`: an organiser has not said yes to it.
export function verbsOf(m: Match, unconfirmed: boolean): MatchVerb[] {
  switch (m.state) {
    case 'MATCH_STATE_PROPOSED':
      return ['dispatch']
    case 'MATCH_STATE_CLAIMED':
      return ['confirm']
    case 'MATCH_STATE_ACCEPTED': {
      const begun = num(m.window?.start) * 1000 < Date.now()
      const onSite: MatchVerb[] = begun ? ['checkIn', 'noShow'] : []
      return unconfirmed ? ['confirm', ...onSite] : onSite
    }
    case 'MATCH_STATE_CHECKED_IN':
      return ['checkOut']
    case 'MATCH_STATE_SERVED':
      return ['verify']
    default:
      return []
  }
}

export function sendVerb(m: Match, verb: MatchVerb): Promise<unknown> {
  const p = { params: { path: { id: m.id ?? '' } } }
  switch (verb) {
    case 'dispatch':
      return ask(client.POST('/v1/matches/{id}:dispatch', p))
    case 'confirm':
      return ask(client.POST('/v1/matches/{id}:confirm', p))
    case 'verify':
      return ask(client.POST('/v1/matches/{id}:verify', p))
    case 'noShow':
      return ask(client.POST('/v1/matches/{id}:noShow', p))
    case 'checkIn':
      return ask(client.POST('/v1/matches/{id}:checkIn', { ...p, body: {} }))
    case 'checkOut':
      return ask(client.POST('/v1/matches/{id}:checkOut', p))
  }
}
