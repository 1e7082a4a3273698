// The code of a screen or of a part of it, fetched when it is wanted.
import { online, reachable } from '@/api/client'
import { pauseAfter } from './reload'

// When this tab was reloaded for such code; not twice within a minute.
const kept = 'qiao.renewed'
const minute = 60_000

// The server answers, but does not have this file any more: it serves a newer console.
async function renew() {
  const lately = Date.now() - Number(sessionStorage.getItem(kept) ?? 0) < minute
  if (lately || !(await reachable())) return
  sessionStorage.setItem(kept, String(Date.now()))
  location.reload()
}

// While the server is away it is tried again, with growing pauses.
export function lazily<T>(fetchCode: () => Promise<T>): () => Promise<T> {
  return async () => {
    for (let failures = 0; ; ++failures) {
      try {
        const code = await fetchCode()
        if (failures > 0) online.value = true
        return code
      } catch {
        online.value = false
      }
      await new Promise((next) => window.setTimeout(next, pauseAfter(failures)))
      await renew()
    }
  }
}
