// What this browser keeps for one person: drafts, and the like. The account stands in each key. It
// goes when somebody logs out, when the session has ended, and when another account logs in.
const prefix = 'qiao.of.'
let owner = ''
// For whom it is kept; empty for nobody.
export const keptFor = () => owner
const placeOf = (name: string) => `${prefix}${owner}.${name}`

// A browser that keeps nothing throws; then it is on the screen at least.
function attempt<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}

// From now on it is kept for `account`; what is there for others is removed. Empty: nobody.
export function keepOnlyFor(account: string) {
  owner = account
  for (const open of [() => sessionStorage, () => localStorage]) {
    attempt(() => {
      const store = open()
      const others = Object.keys(store).filter(
        (key) => key.startsWith(prefix) && (owner === '' || !key.startsWith(placeOf(''))),
      )
      for (const key of others) store.removeItem(key)
    })
  }
}

// For as long as the tab is open.
export function keep(name: string, value: unknown) {
  if (owner !== '') attempt(() => sessionStorage.setItem(placeOf(name), JSON.stringify(value)))
}
// Undefined where nothing is kept, or nothing that can be read.
export function kept(name: string): unknown {
  return (
    attempt((): unknown => JSON.parse(sessionStorage.getItem(placeOf(name)) ?? 'null')) ?? undefined
  )
}

// The same for as long as somebody is logged in, in every tab; of a visitor, for good.
export const keepLong = (name: string, text: string) =>
  attempt(() => localStorage.setItem(owner === '' ? `qiao.${name}` : placeOf(name), text))
export const keptLong = (name: string) =>
  attempt(() => localStorage.getItem(owner === '' ? `qiao.${name}` : placeOf(name))) ?? ''
