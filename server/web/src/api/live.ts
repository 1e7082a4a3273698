// What happens, as it happens: one WebSocket for the whole console, taken up again where it broke
// off.
import { onScopeDispose, ref, watch as whenChanged } from 'vue'
import { epoch, online, sessionEnded, type Schemas } from './client'

export type LiveEvent = Schemas['Event']
type Listener = (event: LiveEvent | undefined) => void

const listeners = new Set<Listener>()
export const connected = ref(false)
// For so long that somebody should know; at the start and after a hiccup nobody needs to.
export const lost = ref(false)
const patience = 1500

const firstWait = 500
const longestWait = 15_000
// So often in a row the server may refuse the place where we left off before we start again and
// everything is read again.
const mostRefusals = 3
// The server closes with this when what the account may see has changed.
const accessChanged = 1008

let socket: WebSocket | undefined
let last: string | undefined
let wait = firstWait
let refusals = 0
let wanted = false
let timer = 0
let worry = 0

function open() {
  if (worry === 0)
    worry = window.setTimeout(() => (lost.value = wanted && !connected.value), patience)
  window.clearTimeout(timer)
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const place = last === undefined || !epoch.value ? '' : `?after=${last}&epoch=${epoch.value}`
  const url = `${scheme}//${location.host}/v1/watch${place}`
  const mine = new WebSocket(url)
  socket = mine
  let opened = false
  mine.onopen = () => {
    opened = true
    connected.value = true
    lost.value = false
    window.clearTimeout(worry)
    worry = 0
    online.value = true
    wait = firstWait
    refusals = 0
    // What happened before the first connection nobody has told us.
    if (last === undefined) tell(undefined)
  }
  mine.onmessage = (message) => {
    const event = JSON.parse(String(message.data)) as LiveEvent
    last = event.seq
    tell(event)
  }
  mine.onclose = (closed) => {
    if (socket !== mine) return
    connected.value = false
    // What was read before may be more than this account may see now: everything is read again.
    if (closed.code === accessChanged) last = undefined
    if (!wanted) return
    if (!opened && ++refusals >= mostRefusals) last = undefined
    // Those whom a restart has cut off do not come back at the same moment.
    timer = window.setTimeout(open, wait * (0.5 + Math.random()))
    wait = Math.min(wait * 2, longestWait)
  }
}

function tell(event: LiveEvent | undefined) {
  for (const listener of listeners) listener(event)
}

export function watch() {
  if (wanted) return
  wanted = true
  wait = firstWait
  open()
}

export function unwatch() {
  wanted = false
  last = undefined
  window.clearTimeout(timer)
  socket?.close()
  socket = undefined
  connected.value = false
  lost.value = false
}

// The line is back, or somebody has logged in again: at once, not when the next try is due.
function openAtOnce() {
  if (wanted && !connected.value) open()
}
window.addEventListener('online', openAtOnce)
whenChanged(sessionEnded, (ended) => {
  if (!ended) openAtOnce()
})
window.addEventListener('offline', () => {
  online.value = false
})

// Calls `listener` with each event, and without one when nobody knows what happened. Ends with the
// component.
export function onEvent(listener: Listener) {
  listeners.add(listener)
  onScopeDispose(() => listeners.delete(listener))
}
