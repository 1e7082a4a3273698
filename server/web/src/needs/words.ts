// Lines of a need as people say them, and what a form makes of them.
import { num, type Line, type Match, type Need, type Schemas } from '@/api/client'
import { certificate, resource, term } from '@/api/city'
import { language, t } from '@/texts'
import { count } from '@/ui/format'

export type Kind = 'people' | 'professional' | 'venue' | 'vehicle' | 'equipment' | 'stock'
export const timeKinds: Exclude<Kind, 'stock'>[] = ['people', 'professional', 'venue', 'vehicle', 'equipment']

export function kindOf(time: { kind?: string } | undefined): Kind {
  return time?.kind === undefined ? 'stock' : (time.kind.replace('TIME_KIND_', '').toLowerCase() as Kind)
}
export function timeKind(kind: Exclude<Kind, 'stock'>): NonNullable<Schemas['TimeRequirement']['kind']> {
  return `TIME_KIND_${kind.toUpperCase()}` as NonNullable<Schemas['TimeRequirement']['kind']>
}

// "3 人 心理咨询师": the unit and what is asked of it.
export function amount(quantity: string | number | undefined, of: { time?: Schemas['TimeRequirement']; stock?: Schemas['StockRequirement'] }): string {
  const n = num(quantity)
  if (of.stock) return stockAmount(of.stock.resource, n)
  return t(`amount.${kindOf(of.time)}`, { n: count(n) })
}
export function stockAmount(code: string | undefined, n: number): string {
  // Money is counted in fen and spoken of in yuan.
  const { name, unit } = resource(code)
  const space = language() === 'zh' ? '' : ' '
  if (isMoney(code)) return `${name} ${count(n / 100)}${space}${t('unit.yuan')}`
  return `${name} ${count(n)}${space}${unit}`
}
export const isMoney = (code: string | undefined) => code === 'funds' || code === 'supermarket_voucher'

export function lineWords(line: Line): string {
  const parts = [amount(line.quantity, line)]
  if (line.time?.certificate) parts.push(certificate(line.time.certificate) + ((line.time.certificateLevel ?? 0) > 1 ? ` ${t('need.level', { n: line.time.certificateLevel })}` : ''))
  for (const skill of line.time?.skills ?? []) if (skill !== 'general') parts.push(term('skills', skill))
  return parts.join(' · ')
}

export function fill(need: Need): { held: number; asked: number; share: number } {
  let held = 0
  let asked = 0
  let share = 0
  const lines = need.lines ?? []
  for (const line of lines) {
    held += num(line.held)
    asked += num(line.quantity)
    share += Math.min(1, num(line.held) / Math.max(1, num(line.quantity))) / lines.length
  }
  return { held, asked, share }
}

export const holds = (m: Match) => /PROPOSED|DISPATCHED|CLAIMED|ACCEPTED|CHECKED_IN|SERVED|VERIFIED/.test(m.state ?? '')
