// Numbers, days and hours as people write them; always in the city's time zone, wherever the browser is.
import { timeZone } from '@/api/session'
import { language } from '@/texts'

const locale = () => (language() === 'zh' ? 'zh-CN' : 'en-GB')
const formats = new Map<string, Intl.DateTimeFormat>()

function format(options: Intl.DateTimeFormatOptions, as = locale()): Intl.DateTimeFormat {
  const key = as + timeZone.value + JSON.stringify(options)
  let f = formats.get(key)
  if (f === undefined) {
    f = new Intl.DateTimeFormat(as, { timeZone: timeZone.value, hourCycle: 'h23', ...options })
    formats.set(key, f)
  }
  return f
}
const at = (seconds: number | string) => new Date(Number(seconds) * 1000)

export const day = (s: number | string) => format({ month: 'long', day: 'numeric', weekday: 'short' }).format(at(s))
export const fullDay = (s: number | string) => format({ year: 'numeric', month: 'long', day: 'numeric' }).format(at(s))
export const clock = (s: number | string) => format({ hour: '2-digit', minute: '2-digit' }).format(at(s))
export const moment = (s: number | string) => format({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(at(s))

export function span(window: { start?: string; end?: string } | undefined): string {
  if (!window?.start || !window.end) return ''
  const same = localParts(Number(window.start)).date === localParts(Number(window.end) - 1).date
  return same ? `${day(window.start)} ${clock(window.start)}–${clock(window.end)}` : `${day(window.start)} ${clock(window.start)} – ${day(window.end)} ${clock(window.end)}`
}

// Making a format costs a hundred times what using it does.
const numbers = new Map<string, Intl.NumberFormat>()
function number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale() + JSON.stringify(options)
  let f = numbers.get(key)
  if (f === undefined) {
    f = new Intl.NumberFormat(locale(), options)
    numbers.set(key, f)
  }
  return f
}
export const count = (n: number) => number({}).format(n)
export const percent = (share: number) => number({ style: 'percent', maximumFractionDigits: 1 }).format(share)

export function metres(m: number): string {
  if (language() === 'zh') return m < 1000 ? `${m}米` : `${(m / 1000).toFixed(1)}公里`
  return m < 1000 ? `${m} m` : `${(m / 1000).toFixed(1)} km`
}

export function duration(seconds: number): string {
  const zh = language() === 'zh'
  if (seconds < 60) return zh ? `${Math.round(seconds)}秒` : `${Math.round(seconds)} s`
  if (seconds < 3600) return zh ? `${Math.round(seconds / 60)}分钟` : `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return zh ? `${(seconds / 3600).toFixed(1)}小时` : `${(seconds / 3600).toFixed(1)} h`
  return zh ? `${(seconds / 86_400).toFixed(1)}天` : `${(seconds / 86_400).toFixed(1)} days`
}

export const hours = (minutes: number) => (minutes / 60).toFixed(1)
export const yuan = (fen: number) => number({ style: 'currency', currency: 'CNY', maximumFractionDigits: fen % 100 === 0 ? 0 : 2 }).format(fen / 100)

// "2026-11-28" and "09:00" on the wall clock of the city.
export function localParts(seconds: number): { date: string; time: string; weekday: number } {
  const parts = format({ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', weekday: 'short' }, 'en-CA').formatToParts(at(seconds))
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? ''
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    weekday: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(part('weekday')),
  }
}

// The instant at which the city's clocks show that; UTC seconds. NaN where the texts are no day and hour.
export function toSeconds(date: string, time: string): number {
  const guess = Date.parse(`${date}T${time}:00Z`) / 1000
  if (Number.isNaN(guess)) return NaN
  // Twice: the offset may change between the guess and the answer.
  let answer = guess
  for (let i = 0; i < 2; ++i) {
    const shown = localParts(answer)
    answer += guess - Date.parse(`${shown.date}T${shown.time}:00Z`) / 1000
  }
  return answer
}

// The city's date so many days from now.
export function dateIn(days: number, from = Date.now() / 1000): string {
  return localParts(from + days * 86_400).date
}
export function nextSaturday(): string {
  const today = localParts(Date.now() / 1000).weekday
  return dateIn((6 - today + 7) % 7 || 7)
}
