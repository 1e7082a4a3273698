// A long list a few at a time, so that what is on the screen comes first and a tap is never kept
// waiting.
import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue'

const atOnce = 6

export function useGradually<T>(all: () => T[] | undefined): ComputedRef<T[]> {
  const shown = ref(atOnce)
  let timer = 0
  function more() {
    window.clearTimeout(timer)
    if (shown.value >= (all()?.length ?? 0)) return
    timer = window.setTimeout(() => {
      shown.value += atOnce
      more()
    })
  }
  watch(all, more, { flush: 'post' })
  onScopeDispose(() => window.clearTimeout(timer))
  return computed(() => all()?.slice(0, shown.value) ?? [])
}
