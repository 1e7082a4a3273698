// The two catalogues. Chinese first; English is one tap away and stays chosen.
//
// A library for this (vue-i18n 11) was a fifth of all the JavaScript that a team's telephone had to
// load, for looking up a text and filling in its places: that is here.
import { shallowRef, type App } from 'vue'
import { en } from './en'
import { zh } from './zh'

export type Language = 'zh' | 'en'
type Node = string | { [key: string]: Node }
const kept = 'qiao.language'
const catalogues: Record<Language, Node> = { zh, en }

function first(): Language {
  try {
    return localStorage.getItem(kept) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh'
  }
}

const chosen = shallowRef<Language>(first())
const flat: Partial<Record<Language, Map<string, string>>> = {}

// "nav.needs" → its text, once for each language.
function texts(of: Language): Map<string, string> {
  const made = flat[of]
  if (made) return made
  const all = new Map<string, string>()
  const walk = (node: Node, path: string) => {
    if (typeof node === 'string') all.set(path, node)
    else
      for (const [key, child] of Object.entries(node))
        walk(child, path === '' ? key : `${path}.${key}`)
  }
  walk(catalogues[of], '')
  flat[of] = all
  return all
}

// What is filled in, by the name of its place.
export type Places = Record<string, string | number | undefined>
// The text of a key with its places filled in; "{n:need|needs}" is the first for one and the second
// for any other number. One that is missing shows its key, which tests look for.
export function t(key: string, places?: Places): string {
  const text = texts(chosen.value).get(key) ?? key
  return places === undefined
    ? text
    : text.replace(
        /\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g,
        (whole, name: string, one?: string, many?: string) => {
          if (!(name in places)) return whole
          const value = String(places[name] ?? '')
          if (one === undefined) return value
          return (value === '1' ? one : many) ?? ''
        },
      )
}

// Makes $t known to every template.
export const translations = {
  install(app: App) {
    app.config.globalProperties.$t = t
  },
}
declare module 'vue' {
  interface ComponentCustomProperties {
    $t: typeof t
  }
}

export const language = (): Language => chosen.value

export function setLanguage(to: Language) {
  chosen.value = to
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
