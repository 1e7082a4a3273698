// Reading something for a screen: loading, there, failed; and again when it has changed or failed.
import { computed, onMounted, reactive, ref, shallowRef, watch } from 'vue'
import { t } from '@/texts'
import { Refused, Unreachable, sessionEnded } from '@/api/client'
import { onEvent, type LiveEvent } from '@/api/live'
import { useReload, type Pace } from './reload'

interface Options<T> {
  // Whether an event changes what the screen shows. Without it only a failure is tried again.
  concerns?: (event: LiveEvent, shown: T | undefined) => boolean
  pace?: Pace
  // How it is read again, where not as the first time.
  refresh?: () => Promise<T>
}

// What LoadState shows.
export interface Loader {
  loading: boolean
  wrong: string
  retrying: boolean
  data: unknown
  load: () => Promise<void>
}

export function useLoad<T>(read: () => Promise<T>, { concerns, pace, refresh }: Options<T> = {}) {
  const data = shallowRef<T>()
  const loading = ref(true)
  const wrong = ref('')
  let turn = 0
  const again = useReload(() => void run(refresh ?? read), pace)
  const retrying = computed(() => again.failures.value > 0)

  async function run(how: () => Promise<T>) {
    const mine = ++turn
    again.begins()
    let failure: unknown
    try {
      const answer = await how()
      // A later question has been asked: its answer counts.
      if (mine !== turn) return
      data.value = answer
      wrong.value = ''
    } catch (error) {
      if (mine !== turn) return
      failure = error
      if (error instanceof Refused) wrong.value = error.words
      else if (error instanceof Unreachable) wrong.value = t('form.unreachable')
      else throw error
    } finally {
      if (mine === turn) loading.value = false
      again.ends(failure)
    }
  }
  function load() {
    loading.value = data.value === undefined
    return run(read)
  }
  onMounted(load)
  if (concerns !== undefined) {
    onEvent((event) => {
      if (event === undefined || concerns(event, data.value)) again.changed()
    })
  }
  // What nobody was let see is asked for again once somebody has logged in.
  watch(sessionEnded, (ended) => {
    if (!ended && wrong.value) void load()
  })
  return reactive({ data, loading, wrong, retrying, load })
}
