// Lines of a need as people say them, and what a form makes of them.
import { num, type Line, type Match, type Need, type Schemas } from '@/api/client'
import { certificate, term } from '@/api/city'
import { t } from '@/texts'
import { amount, type Kind } from '@/ui/quantity'

export const timeKinds: Exclude<Kind, 'stock'>[] = [
  'people',
  'professional',
  'venue',
  'vehicle',
  'equipment',
]

export function timeKind(
  kind: Exclude<Kind, 'stock'>,
): NonNullable<Schemas['TimeRequirement']['kind']> {
  return `TIME_KIND_${kind.toUpperCase()}` as NonNullable<Schemas['TimeRequirement']['kind']>
}

// "3人 · 心理咨询师": how many, and what is asked of them.
export function lineWords(line: Line): string {
  const parts = [amount(line.quantity, line)]
  // Its levels stand behind its name: which one is asked for is said here.
  const name = certificate(line.time?.certificate).replace(/\s*[(（].*[)）]$/, '')
  if (line.time?.certificate)
    parts.push(
      name +
        ((line.time.certificateLevel ?? 0) > 1
          ? ` ${t('need.level', { n: line.time.certificateLevel })}`
          : ''),
    )
  for (const skill of line.time?.skills ?? []) {
    const word = term('skills', skill)
    if (skill !== 'general' && word !== name) parts.push(word)
  }
  return parts.join(' · ')
}

// How full a line is, and a need: each of its lines counts the same, whatever its unit.
export const lineShare = (line: Line) =>
  Math.min(1, num(line.held) / Math.max(1, num(line.quantity)))
export function fillShare(need: Need): number {
  const lines = need.lines ?? []
  return lines.reduce((sum, line) => sum + lineShare(line), 0) / Math.max(1, lines.length)
}

// The lines for which somebody or something is still missing.
export const lacks = (need: Need) => (need.lines ?? []).filter((l) => num(l.quantity) > num(l.held))

export const holds = (m: Match) =>
  /PROPOSED|DISPATCHED|CLAIMED|ACCEPTED|CHECKED_IN|SERVED|VERIFIED/.test(m.state ?? '')
