// A need as it is being typed, and the need that is made of it.
import { num, type Need } from '@/api/client'
import { nextSaturday, localParts, toSeconds } from '@/ui/format'
import { kindOf, parse, quantityOf, typed, type Counted, type Kind } from '@/ui/quantity'
import { timeKind } from './words'

export interface DraftLine {
  kind: Kind
  // As it is typed: yuan of money.
  quantity: string | number
  skill: string
  certificate: string
  level: number
  resource: string
}
export interface NeedDraft {
  title: string
  category: string
  beneficiary: string
  programme: string
  areaCode: string
  date: string
  from: string
  to: string
  lines: DraftLine[]
  description: string
  urgency: 'URGENCY_NORMAL' | 'URGENCY_URGENT' | 'URGENCY_CRITICAL'
  allOrNothing: boolean
  ratio: number | ''
  contactName: string
  contactPhone: string
  address: string
}

export const freshLine = (kind: Kind): DraftLine => ({
  kind,
  quantity: kind === 'people' ? 4 : 1,
  skill: '',
  certificate: kind === 'professional' ? 'social_worker' : '',
  level: 1,
  resource: kind === 'stock' ? 'rice' : '',
})

// Sensible: where its writer is at home, next Saturday morning, a few helpers.
export const freshDraft = (areaCode: string): NeedDraft => ({
  title: '',
  category: '',
  beneficiary: '',
  programme: '',
  areaCode,
  date: nextSaturday(),
  from: '09:00',
  to: '11:30',
  lines: [freshLine('people')],
  description: '',
  urgency: 'URGENCY_NORMAL',
  allOrNothing: false,
  ratio: '',
  contactName: '',
  contactPhone: '',
  address: '',
})

// What the quantity of a line counts.
export const countedOf = (l: DraftLine): Counted =>
  l.kind === 'stock' ? { stock: { resource: l.resource } } : { time: { kind: timeKind(l.kind) } }

export function toNeed(d: NeedDraft): Need {
  const start = toSeconds(d.date, d.from)
  // Past midnight means the next day.
  const end = d.to > d.from ? toSeconds(d.date, d.to) : toSeconds(d.date, d.to) + 86_400
  const window =
    Number.isNaN(start) || Number.isNaN(end)
      ? undefined
      : { start: String(start), end: String(end) }
  const need: Need = {
    title: d.title.trim(),
    category: d.category,
    areaCode: d.areaCode || undefined,
    urgency: d.urgency,
    allOrNothing: d.allOrNothing,
    lines: d.lines.map((l) => ({
      quantity: String(parse(l.quantity, countedOf(l)) ?? 0),
      window,
      ...(l.kind === 'stock'
        ? { stock: { resource: l.resource } }
        : {
            time: {
              kind: timeKind(l.kind),
              skills: l.skill ? [l.skill] : [],
              certificate: l.certificate,
              certificateLevel: l.certificate ? l.level : 0,
            },
          }),
    })),
  }
  if (d.beneficiary) need.beneficiary = d.beneficiary
  if (d.programme) need.programme = d.programme
  if (d.description.trim()) need.description = d.description.trim()
  if (d.ratio !== '' && d.ratio > 0) need.volunteersPerProfessional = d.ratio
  if (d.contactName.trim()) need.contactName = d.contactName.trim()
  if (d.contactPhone.trim()) need.contactPhone = d.contactPhone.trim()
  if (d.address.trim()) need.address = d.address.trim()
  return need
}

// The other way: to write a need like one that is there.
export function fromNeed(need: Need, areaCode: string): NeedDraft {
  const draft = freshDraft(need.areaCode ?? areaCode)
  const first = need.lines?.[0]?.window
  if (first?.start && first.end && num(first.start) > Date.now() / 1000)
    draft.date = localParts(num(first.start)).date
  if (first?.start && first.end) {
    draft.from = localParts(num(first.start)).time
    draft.to = localParts(num(first.end)).time
  }
  return {
    ...draft,
    title: need.title ?? '',
    category: need.category ?? '',
    beneficiary: need.beneficiary ?? '',
    programme: need.programme ?? '',
    description: need.description ?? '',
    allOrNothing: need.allOrNothing ?? false,
    ratio: need.volunteersPerProfessional ?? '',
    lines: (need.lines ?? []).map((l) => ({
      ...freshLine(kindOf(l.time)),
      kind: kindOf(l.time),
      quantity: typed(quantityOf(l.quantity), l),
      skill: l.time?.skills?.[0] ?? '',
      certificate: l.time?.certificate ?? '',
      level: l.time?.certificateLevel || 1,
      resource: l.stock?.resource ?? '',
    })),
  }
}
