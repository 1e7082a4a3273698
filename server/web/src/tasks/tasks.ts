// The matches of a party with the needs they are for.
import { ask, client, num, pages, type Match, type Need } from '@/api/client'

export interface Task {
  match: Match
  need: Need | undefined
}
export async function readTasks(party: string): Promise<Task[]> {
  const matches = await pages(async (pageToken) => {
    const page = await ask(
      client.GET('/v1/matches', {
        params: { query: { party: Number(party), newest: 1, pageSize: 200, pageToken } },
      }),
    )
    return { items: page.matches ?? [], nextPageToken: page.nextPageToken }
  }, 400)
  const shown = matches.filter((m) => live(m) || num(m.changedAt) > Date.now() / 1000 - 14 * 86_400)
  const ids = [...new Set(shown.map((m) => m.needId ?? ''))]
  const needs = new Map(
    await Promise.all(
      ids.map(
        async (id) =>
          [
            id,
            await ask(client.GET('/v1/needs/{id}', { params: { path: { id } } })).catch(
              () => undefined,
            ),
          ] as const,
      ),
    ),
  )
  return shown.map((match) => ({ match, need: needs.get(match.needId ?? '') }))
}
export const live = (m: Match) => /DISPATCHED|CLAIMED|ACCEPTED|CHECKED_IN/.test(m.state ?? '')
// Where one stands: what has to be answered, then what is ahead, then what is over.
export const group = (m: Match): 'answer' | 'ahead' | 'past' =>
  m.state === 'MATCH_STATE_DISPATCHED' ? 'answer' : live(m) ? 'ahead' : 'past'
