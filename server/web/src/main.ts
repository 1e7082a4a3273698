import { createApp } from 'vue'
import App from './App.vue'
import { readWords } from './api/city'
import { refreshSession } from './api/session'
import { router } from './router'
import { translations } from './texts'
import './ui/style.css'

// Who one is decides which screens there are. What is wanted anyway is fetched meanwhile: the
// city's words, and the screen that the address names. Where the server cannot be reached the
// screen says so.
const session = refreshSession().catch(() => undefined)
void readWords().catch(() => undefined)
const screen = router.resolve(location.hash.slice(1) || '/').matched[0]?.components?.default
if (typeof screen === 'function') void (screen as () => Promise<unknown>)()
// eslint-disable-next-line @typescript-eslint/no-unsafe-argument -- only vue-tsc knows its type
void session.finally(() => createApp(App).use(translations).use(router).mount('#app'))
// An address that was changed before the router listened is not lost.
void router.isReady().then(() => {
  const wanted = location.hash.slice(1) || '/'
  if (wanted !== router.currentRoute.value.fullPath && wanted !== '/') void router.replace(wanted)
})
