// The two catalogues. Chinese first; English is one tap away and stays chosen.
import { createI18n } from 'vue-i18n'
import { en } from './en'
import { zh } from './zh'

export type Language = 'zh' | 'en'
const kept = 'qiao.language'

function first(): Language {
  try {
    return localStorage.getItem(kept) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh'
  }
}

export const i18n = createI18n({ legacy: false, locale: first(), fallbackLocale: false, messages: { zh, en }, missingWarn: true })

export function language(): Language {
  return i18n.global.locale.value as Language
}

export function setLanguage(to: Language) {
  i18n.global.locale.value = to
  document.documentElement.lang = to === 'zh' ? 'zh-CN' : 'en'
  try {
    localStorage.setItem(kept, to)
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}
setLanguage(first())

// Of something that has both.
export function words(of: { zh?: string; en?: string } | undefined): string {
  return (language() === 'zh' ? of?.zh : of?.en) ?? ''
}
