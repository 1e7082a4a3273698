import { createApp } from 'vue'
import App from './App.vue'
import { refreshSession } from './api/session'
import { router } from './router'
import { i18n } from './texts'
import './ui/style.css'

// Who one is decides which screens there are. Where the server cannot be reached the public board says so.
void refreshSession().catch(() => undefined).finally(() => createApp(App).use(i18n).use(router).mount('#app'))
