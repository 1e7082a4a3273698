// The needs of a state and an area, a page at a time, newest first.
import { computed, shallowRef, type Ref } from 'vue'
import { ask, client, type Need } from '@/api/client'
import { inArea, readCity } from '@/api/city'
import type { LiveEvent } from '@/api/live'
import { account } from '@/api/session'
import { useLoad } from '@/ui/load'
import { shared } from '@/ui/reload'
import { lacks } from './words'

const pageSize = 500
const mostPages = 100

interface Asked {
  // A state of the server, 'lacking' for open needs that lack something, or empty for any.
  state: Ref<string>
  area: Ref<string>
  // Only the resident's own.
  resident: Ref<boolean>
}

function useReader({ state, area, resident }: Asked) {
  // The token of the page after those that were read.
  const more = shallowRef<string>()
  const serverState = computed(() => (state.value === 'lacking' ? 'open' : state.value))
  async function page(token?: string): Promise<Need[]> {
    const query = {
      state: serverState.value || undefined,
      area: area.value || undefined,
      newest: 1,
      pageSize,
      mine: resident.value ? 1 : undefined,
    }
    let pageToken = token
    // The server looks at so many needs a page: where none of them is asked for, it goes on.
    for (let i = 0; i < mostPages; ++i) {
      const params = { query: { ...query, pageToken } }
      const answer = await ask(client.GET('/v1/needs', { params }))
      more.value = pageToken = answer.nextPageToken || undefined
      const all = answer.needs ?? []
      const found = state.value === 'lacking' ? all.filter((n) => lacks(n).length > 0) : all
      if (found.length || pageToken === undefined) return found
    }
    return []
  }
  return { more, page, serverState }
}

export function useNeedList(asked: Asked) {
  const { state, area, resident } = asked
  const { more, page, serverState } = useReader(asked)
  const needs = shallowRef<Need[]>([])
  // What was asked for when it has changed meanwhile is not shown.
  const question = computed(() => `${state.value} ${area.value}`)
  const list = useLoad(
    async () => {
      const before = question.value
      await readCity()
      const first = await page()
      if (before === question.value) needs.value = first
      return true
    },
    { concerns, refresh, pace: shared },
  )
  // One that is shown, or that is in the state and the area that are asked for.
  function concerns({ need, needId, areaCode }: LiveEvent): boolean {
    if (needs.value.some((n) => n.id === needId)) return true
    if (need === undefined || !inArea(areaCode, area.value)) return false
    if (resident.value) return need.residentRef === account.value?.residentRef
    return state.value === '' || need.state === `NEED_STATE_${serverState.value.toUpperCase()}`
  }
  let adding = false
  async function extend() {
    if (adding || more.value === undefined) return
    adding = true
    try {
      const next = await page(more.value)
      needs.value = [...needs.value, ...next]
    } finally {
      adding = false
    }
  }
  // One that changes moves, comes or goes; the first page is read again, what was scrolled to
  // stays.
  async function refresh() {
    const before = question.value
    const scrolled = more.value
    const further = needs.value.slice(pageSize)
    const fresh = await page()
    if (before !== question.value) return true
    if (further.length > 0) more.value = scrolled
    const known = new Set(fresh.map((n) => n.id))
    needs.value = [...fresh, ...further.filter((n) => !known.has(n.id))]
    return true
  }
  return { needs, more, list, extend }
}
