// What the page of a need shows: the need, its matches, and the parties that they name.
import type { Ref } from 'vue'
import { ask, client, num, type Match } from '@/api/client'
import { readCity } from '@/api/city'
import { known, may } from '@/api/session'

const mostMatches = 200

async function readMatches(need: string): Promise<Match[]> {
  if (!known.value || !may('listMatches')) return []
  const query = { need: Number(need), pageSize: mostMatches }
  const found = await ask(client.GET('/v1/matches', { params: { query } })).catch(() => undefined)
  return found?.matches ?? []
}

// The number itself for a party that is hidden from the reader.
async function readPartyName(id: string): Promise<string> {
  const request = client.GET('/v1/parties/{id}', { params: { path: { id } } })
  const found = await ask(request).catch(() => undefined)
  return found?.name ?? id
}

const unsaid = (m: Match) =>
  m.state === 'MATCH_STATE_ACCEPTED' && !m.wasDispatched && num(m.confirmedAt) === 0

// Where contacts wait for an organiser's yes, it may follow when the market has confirmed a claim.
async function readUnconfirmed(matches: Match[], staff: boolean): Promise<Match[]> {
  const found = matches.filter(unsaid)
  if (!staff || found.length === 0) return []
  const policy = await ask(client.GET('/v1/policy'))
  return policy.contactFrom === 'CONTACT_FROM_CONFIRMED' ? found : []
}

export async function readDetails(id: string, staff: Ref<boolean>) {
  await readCity()
  const need = await ask(client.GET('/v1/needs/{id}', { params: { path: { id } } }))
  const matches = await readMatches(id)
  // A match names its party by number.
  const ids = [...new Set(matches.map((m) => m.partyId ?? ''))]
  const names = await Promise.all(ids.map(readPartyName))
  const parties = new Map(ids.map((party, i) => [party, names[i] ?? party]))
  const waits = await readUnconfirmed(matches, staff.value)
  return { need, matches, parties, unconfirmed: new Set(waits.map((m) => m.id)) }
}
