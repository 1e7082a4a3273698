// How many of what. The server counts money in fen, as the unit of a stock; people say yuan. This
// file is the only place where the two meet: `figure` and `amount` show, `parse` reads what was
// typed, `typed` fills a field (QuantityField.vue).
import { num, type Schemas } from '@/api/client'
import { resource } from '@/api/city'
import { language, t } from '@/texts'
import { count, fixed } from './format'

export type Kind = 'people' | 'professional' | 'venue' | 'vehicle' | 'equipment' | 'stock'

// What a quantity counts. A line of a need and an offer are such.
export interface Counted {
  time?: { kind?: Schemas['TimeKind'] }
  stock?: { resource?: string }
}

// As the server counts: fen of money, units of anything else. A type of its own, so that what
// somebody typed is not taken for it.
declare const counted: unique symbol
export type Quantity = number & { readonly [counted]: true }
export const quantityOf = (n: string | number | undefined) => num(n) as Quantity

export function kindOf(time: { kind?: string } | undefined): Kind {
  if (time?.kind === undefined) return 'stock'
  return time.kind.replace('TIME_KIND_', '').toLowerCase() as Kind
}
export const isMoney = (of: Counted) => of.stock !== undefined && resource(of.stock.resource).money
// How many of what the server counts are one of what is typed: 100 fen are a yuan.
export const perTypedUnit = (of: Counted) => (isMoney(of) ? 100 : 1)

const yuan = (fen: number) => fixed(fen / 100, fen % 100 === 0 ? 0 : 2)
// "500元", "¥500.50".
export const money = (fen: number) => (language() === 'zh' ? `${yuan(fen)}元` : `¥${yuan(fen)}`)

// English units that have no plural.
const measures = new Set(['kg', 'g', 'L', 'ml', 'm', 'km', 't'])
const several = (unit: string) => (/(s|x|ch|sh)$/.test(unit) ? `${unit}es` : `${unit}s`)

// "30千克", "500元", "4人": with its unit, without what it is.
export function figure(quantity: Quantity | string | undefined, of: Counted): string {
  const n = num(quantity)
  if (of.time) return t(`unit.${kindOf(of.time)}`, { n: count(n) })
  if (!of.stock) return ''
  if (isMoney(of)) return money(n)
  const { unit } = resource(of.stock.resource)
  if (language() === 'zh') return `${count(n)}${unit}`
  return `${count(n)} ${n === 1 || measures.has(unit) ? unit : several(unit)}`
}

// "善款 500元", "专业人员2人": and of what. Empty where that is not known.
export function amount(quantity: Quantity | string | undefined, of: Counted): string {
  if (of.time) return t(`amount.${kindOf(of.time)}`, { n: count(num(quantity)) })
  if (!of.stock) return ''
  return `${resource(of.stock.resource).name} ${figure(quantity, of)}`
}

// "2 / 4人", "200 / 500元".
export function progress(held: string | undefined, asked: string | undefined, of: Counted): string {
  const n = num(held)
  const bare = !isMoney(of) ? count(n) : language() === 'zh' ? yuan(n) : money(n)
  return t('need.held', { held: bare, asked: figure(asked, of) })
}

// The unit in which a stock is typed; empty for people and places, whose labels say it.
export function unitName(of: Counted): string {
  if (!of.stock) return ''
  return isMoney(of) ? t('unit.yuan') : resource(of.stock.resource).unit
}
// "数量（千克）".
export function withUnit(label: string, of: Counted): string {
  const unit = unitName(of)
  return unit === '' ? label : t('unit.labelled', { label, unit })
}

// The smallest step in what is typed.
export const step = (of: Counted) => 1 / perTypedUnit(of)
// What a field shows for a quantity.
export function typed(quantity: Quantity, of: Counted): string {
  const n = quantity / perTypedUnit(of)
  return Number.isInteger(n) ? String(n) : n.toFixed(2)
}
// The other way. Nothing where it is no number above nought, or finer than a fen or a unit.
export function parse(text: string | number, of: Counted): Quantity | undefined {
  const n = Number(text) * perTypedUnit(of)
  const whole = Math.round(n)
  // 0.29 × 100 is not quite 29.
  if (!Number.isSafeInteger(whole) || whole <= 0 || Math.abs(n - whole) > 1e-6) return undefined
  return whole as Quantity
}
