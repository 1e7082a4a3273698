// Numbers, days and hours as people write them; always in the city's time zone, wherever the
// browser is.
import { timeZone } from '@/api/session'
import { language, t } from '@/texts'

const zh = () => language() === 'zh'
const locale = () => (zh() ? 'zh-CN' : 'en-GB')

export interface Wall {
  date: string // 2026-11-28
  time: string // 09:00
  year: number
  month: number
  day: number
  weekday: number // 0 Sunday … 6
}
// Making one of these takes a telephone tens of milliseconds, so there is one, and texts are put
// together by hand.
let clockwork: { zone: string; format: Intl.DateTimeFormat } | undefined
function inZone(): Intl.DateTimeFormat {
  if (clockwork?.zone !== timeZone.value) {
    clockwork = {
      zone: timeZone.value,
      format: new Intl.DateTimeFormat('en-CA', {
        timeZone: timeZone.value,
        hourCycle: 'h23',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        weekday: 'short',
      }),
    }
  }
  return clockwork.format
}

// What the city's clocks and calendars show then.
export function localParts(seconds: number): Wall {
  const parts = inZone().formatToParts(new Date(seconds * 1000))
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? ''
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    year: Number(part('year')),
    month: Number(part('month')),
    day: Number(part('day')),
    weekday: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(part('weekday')),
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const monthWord = (w: Wall) => months[w.month - 1] ?? ''
const dayWords = (w: Wall) =>
  zh()
    ? `${w.month}月${w.day}日${t(`week.${w.weekday || 7}`)}`
    : `${t(`week.${w.weekday || 7}`)} ${w.day} ${monthWord(w)}`
export const day = (s: number | string) => dayWords(localParts(Number(s)))
export function fullDay(s: number | string): string {
  const w = localParts(Number(s))
  return zh() ? `${w.year}年${w.month}月${w.day}日` : `${w.day} ${monthWord(w)} ${w.year}`
}
export function moment(s: number | string): string {
  const w = localParts(Number(s))
  return zh() ? `${w.month}月${w.day}日 ${w.time}` : `${w.day} ${monthWord(w)} ${w.time}`
}

export function span(window: { start?: string; end?: string } | undefined): string {
  if (!window?.start || !window.end) return ''
  const from = localParts(Number(window.start))
  const to = localParts(Number(window.end))
  // Up to midnight is still that day.
  const same =
    from.date === to.date ||
    (to.time === '00:00' && localParts(Number(window.end) - 1).date === from.date)
  return same
    ? `${dayWords(from)} ${from.time}–${to.time === '00:00' ? '24:00' : to.time}`
    : `${dayWords(from)} ${from.time} – ${dayWords(to)} ${to.time}`
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
export const fixed = (n: number, digits: number) =>
  number({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n)
export const percent = (share: number) =>
  number({ style: 'percent', maximumFractionDigits: 1 }).format(share)

export function metres(m: number): string {
  if (language() === 'zh') return m < 1000 ? `${m}米` : `${(m / 1000).toFixed(1)}公里`
  return m < 1000 ? `${m} m` : `${(m / 1000).toFixed(1)} km`
}

export function duration(seconds: number): string {
  if (seconds < 60) return zh() ? `${Math.round(seconds)}秒` : `${Math.round(seconds)} s`
  if (seconds < 3600)
    return zh() ? `${Math.round(seconds / 60)}分钟` : `${Math.round(seconds / 60)} min`
  if (seconds < 172_800)
    return zh() ? `${(seconds / 3600).toFixed(1)}小时` : `${(seconds / 3600).toFixed(1)} h`
  return zh() ? `${(seconds / 86_400).toFixed(1)}天` : `${(seconds / 86_400).toFixed(1)} days`
}

export const hours = (minutes: number) => (minutes / 60).toFixed(1)

// The instant at which the city's clocks show that; UTC seconds. NaN where the texts are no day and
// hour.
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
