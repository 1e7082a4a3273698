// One file: chosen, checked as often as somebody changes how it is read, and saved.
import { computed, onScopeDispose, reactive, ref, shallowRef } from 'vue'
import { num } from '@/api/client'
import { readAreasAgain } from '@/api/city'
import { freshLayout, importFile, stored, type Import, type Kind, type Layout } from '@/api/imports'
import { useAction } from '@/ui/form'
import { usePatience } from '@/ui/patience'

export function useImport(kind: Kind) {
  const action = useAction()
  const { seconds, patiently } = usePatience()
  const name = ref('')
  // As it was when it was chosen: what is saved is what was checked.
  const content = shallowRef<Blob>()
  const layout = ref<Layout>(freshLayout())
  // How far it is, and its outcome.
  const progress = shallowRef<Import>()
  const found = shallowRef<Import>()
  let gone = false
  onScopeDispose(() => {
    gone = true
  })

  async function run(only: 'check' | 'save') {
    const file = content.value
    if (!file) return false
    const good = await action.run(async () => {
      const order = { kind, file, layout: layout.value, only }
      const told = (now: Import) => {
        progress.value = now
      }
      found.value = await importFile(order, patiently, told, () => gone)
      if (kind === 'areas' && num(found.value.created) + num(found.value.changed) > 0)
        await readAreasAgain()
    })
    progress.value = undefined
    return good
  }
  async function choose(file: File) {
    name.value = file.name
    found.value = undefined
    layout.value = freshLayout()
    content.value = new Blob([await file.arrayBuffer()])
    await run('check')
  }
  function checkAs(next: Layout) {
    layout.value = next
    return run('check')
  }
  const left = computed(() => num(found.value?.ready))
  const saved = computed(() => (found.value ? stored(found.value) : 0))
  const save = () => run('save')
  return reactive({ action, seconds, name, progress, found, left, saved, choose, checkAs, save })
}
