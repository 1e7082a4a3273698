// A weekly pattern as people say it, and back.
import type { Schemas } from '@/api/client'
import { t } from '@/texts'

const two = (n: number) => String(n).padStart(2, '0')
const clock = (minute: number) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`

export function weekWords(time: Schemas['TimeSupply']): string {
  const slots = time.weekly ?? []
  if (slots.length === 0) return t('week.always')
  // Days that have the same hours go together.
  const by = new Map<string, number[]>()
  for (const s of slots) {
    const hours = `${clock(s.startMinute ?? 0)}–${clock(s.endMinute ?? 0)}`
    by.set(hours, [...(by.get(hours) ?? []), s.weekday ?? 1])
  }
  return [...by]
    .map(([hours, days]) => `${days.map((d) => t(`week.${d}`)).join(t('week.and'))} ${hours}`)
    .join(t('week.then'))
}

export function toWeekly(
  days: number[],
  from: string,
  to: string,
): NonNullable<Schemas['TimeSupply']['weekly']> {
  const minute = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))
  return days.map((weekday) => ({
    weekday,
    startMinute: minute(from),
    endMinute: to === '00:00' ? 1440 : minute(to),
  }))
}
