// When a screen is read again without anybody pressing a button: after an event that concerns it,
// or after a failure that passes.
//
// Many consoles hear of the same event, and many lose the same server, at the same moment. So each
// waits a random time, reads only while it is looked at, has one request under way, and waits for
// as long as the server says.
import { onScopeDispose, ref, watch } from 'vue'
import { Refused, Unreachable, online } from '@/api/client'

// In milliseconds; a time is chosen at random between the two.
type Range = readonly [least: number, most: number]
export interface Pace {
  // From an event to the reading.
  first: Range
  // From one reading to the next, while events go on.
  between: Range
  // The same while the screen is hidden; without it, it is read when it is shown again.
  hidden?: Range
}
// Of one row or one party: few consoles show it.
export const direct: Pace = { first: [100, 600], between: [1000, 2000] }
// What every console of a city may be showing.
export const shared: Pace = { first: [500, 3000], between: [2000, 4000] }
// What is counted over the whole city.
export const heavy: Pace = { first: [5000, 15_000], between: [10_000, 20_000] }

// The pause after a failure doubles from the first to the longest.
const firstPause = 1000
const longestPause = 30_000
// Whoever waited for the server or for this tab to be shown does so for so long more.
const spread: Range = [0, 2000]
const shownAgain: Range = [0, 500]

const between = ([least, most]: Range) => least + Math.random() * (most - least)
export function pauseAfter(failures: number): number {
  const pause = Math.min(firstPause * 2 ** failures, longestPause)
  return between([pause / 2, pause * 1.5])
}
// What the server said to one part of the screen holds for the others.
let notBefore = 0

// The failure passes by itself: the server is away, starting or busy.
export const passes = (error: unknown) =>
  error instanceof Unreachable || (error instanceof Refused && error.passes)

// How long the server wants no requests, in milliseconds.
const pauseAskedBy = (error: unknown) => (error instanceof Refused ? error.retryAfter * 1000 : 0)

// Calls `read`, which says with begins() and ends() when it reads; also when it does so by itself.
// Ends with the component.
export function useReload(read: () => void, pace: Pace = direct) {
  const failures = ref(0)
  let timer = 0
  // It is due, but something is under way, or the tab is hidden.
  let due = false
  let underWay = 0
  let began = -Infinity
  let ended = false

  function cancel() {
    window.clearTimeout(timer)
    timer = 0
    due = false
  }
  function readAt(time: number) {
    if (timer !== 0 || ended) return
    const now = Date.now()
    const until = notBefore > now ? notBefore + between(spread) : now
    timer = window.setTimeout(fire, Math.max(time, until) - now)
  }
  function fire() {
    timer = 0
    // Another part of the screen was put off meanwhile.
    if (Date.now() < notBefore) readAt(notBefore)
    else {
      due = underWay > 0 || (document.hidden && pace.hidden === undefined)
      if (!due) read()
    }
  }
  function changed() {
    const { first, between: pause } = pace
    const range = document.hidden ? (pace.hidden ?? first) : first
    readAt(Math.max(Date.now() + between(range), began + between(pause)))
  }
  // What is read from now on knows everything that happened before.
  function begins() {
    cancel()
    ++underWay
    began = Date.now()
  }
  function ends(error?: unknown) {
    --underWay
    if (!passes(error)) {
      failures.value = 0
      if (due && underWay === 0) {
        due = false
        changed()
      }
      return
    }
    notBefore = Math.max(notBefore, Date.now() + pauseAskedBy(error))
    cancel()
    readAt(Date.now() + pauseAfter(failures.value++))
  }
  function sooner(range: Range) {
    if (timer === 0 && !due) return
    cancel()
    readAt(Date.now() + between(range))
  }

  const shown = () => {
    if (!document.hidden && failures.value === 0) sooner(shownAgain)
    else if (!document.hidden && due) sooner(spread)
  }
  document.addEventListener('visibilitychange', shown)
  watch(online, (now) => {
    if (now && failures.value > 0) sooner(spread)
  })
  onScopeDispose(() => {
    ended = true
    cancel()
    document.removeEventListener('visibilitychange', shown)
  })
  return { failures, changed, begins, ends }
}
