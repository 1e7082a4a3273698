// Reading something for a screen: loading, there, failed; and again when it has changed.
import { onMounted, reactive, ref, shallowRef, watch } from 'vue'
import { t } from '@/texts'
import { Refused, Unreachable, sessionEnded } from '@/api/client'

export function useLoad<T>(read: () => Promise<T>, atOnce = true) {
  const data = shallowRef<T>()
  const loading = ref(atOnce)
  const wrong = ref('')
  let turn = 0
  async function load() {
    const mine = ++turn
    loading.value = data.value === undefined
    try {
      const answer = await read()
      // A later question has been asked: its answer counts.
      if (mine !== turn) return
      data.value = answer
      wrong.value = ''
    } catch (error) {
      if (mine !== turn) return
      if (error instanceof Refused) wrong.value = error.words
      else if (error instanceof Unreachable) wrong.value = t('form.unreachable')
      else throw error
    } finally {
      if (mine === turn) loading.value = false
    }
  }
  if (atOnce) onMounted(load)
  // What nobody was let see is asked for again once somebody has logged in.
  watch(sessionEnded, (ended) => {
    if (!ended && wrong.value) void load()
  })
  return reactive({ data, loading, wrong, load })
}
