// What every form needs: the server's refusal at its field, one thing done once, nothing typed
// lost.
import { reactive, ref, watch, type Ref } from 'vue'
import { t } from '@/texts'
import { Refused, Unreachable, idempotencyKey, online, sessionEnded } from '@/api/client'
import { keep, kept, keptFor } from '@/api/kept'

export function useAction() {
  const busy = ref(false)
  const wrong = ref('')
  const field = ref('')
  // The server could not be reached: that is not said any longer than it is so.
  let away = false
  watch(online, (now) => {
    if (now && away) wrong.value = ''
  })
  // True when it was done. While it is under way a second press does nothing.
  async function run(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    wrong.value = ''
    field.value = ''
    away = false
    try {
      await work()
      return true
    } catch (error) {
      if (error instanceof Refused) {
        // Somebody whose session has ended is asked to log in; then it is pressed again.
        wrong.value = error.loggedOut ? t('form.loggedOut') : error.words
        field.value = error.field
      } else if (error instanceof Unreachable) {
        wrong.value = t('form.unreachable')
        away = true
      } else {
        throw error
      }
      return false
    } finally {
      busy.value = false
    }
  }
  // The words for a field, by the end of its path.
  const at = (...names: string[]) =>
    names.some((n) => field.value === n || field.value.endsWith('.' + n)) ? wrong.value : ''
  return reactive({ busy, wrong, field, run, at })
}

// A form's content that outlives a reload of this tab, with the key under which it is sent. It is
// kept for the account, and restored once it has logged in again.
export function useDraft<T extends object>(
  name: string,
  fresh: () => T,
): { draft: Ref<T>; key: Ref<string>; done: () => void } {
  const place = `draft.${name}`
  const before = kept(place) as { draft: T; key: string } | undefined
  const draft = ref(before?.draft ?? fresh()) as Ref<T>
  const key = ref(before?.key ?? idempotencyKey())
  const writer = keptFor()
  watch(
    [draft, key, sessionEnded],
    () => {
      if (keptFor() === writer) keep(place, { draft: draft.value, key: key.value })
    },
    { deep: true },
  )
  return {
    draft,
    key,
    done: () => {
      draft.value = fresh()
      key.value = idempotencyKey()
    },
  }
}
