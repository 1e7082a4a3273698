// Long work continues automatically if the server delays it (429, 503): after the time it says.
import { onScopeDispose, ref } from 'vue'
import { Refused } from '@/api/client'
import { passes } from './reload'

// So often for one request; as `qiao import` does.
const mostWaits = 20
const oneSecond = () => new Promise((done) => window.setTimeout(done, 1000))

// `seconds` is how long is still waited, to be shown. Nothing is sent after the component has
// ended.
export function usePatience() {
  const seconds = ref(0)
  let ended = false
  onScopeDispose(() => {
    ended = true
  })
  // `request` is sent again as it is: it is a reading, or has an idempotency key.
  async function patiently<T>(request: () => Promise<T>): Promise<T> {
    for (let waits = 0; ; ++waits) {
      try {
        return await request()
      } catch (error) {
        if (!(error instanceof Refused && passes(error)) || waits === mostWaits) throw error
        seconds.value = Math.max(1, error.retryAfter)
        for (; seconds.value > 0 && !ended; --seconds.value) await oneSecond()
        if (ended) throw error
      }
    }
  }
  return { seconds, patiently }
}
