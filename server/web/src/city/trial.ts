// What a trial of a policy found, row by row: under the policy in force and under the tried one.
import { num, type Schemas } from '@/api/client'
import { count, metres, percent } from '@/ui/format'

type Outcome = NonNullable<Schemas['PolicyTrial']['before']>
const share = (micro: string | undefined) => percent(num(micro) / 1e6)
const measures: { key: string; show: (o: Outcome) => string }[] = [
  { key: 'filled', show: (o) => count(Math.round(num(o.filledMicro) / 1e6)) },
  { key: 'needsFilled', show: (o) => count(o.needsFilled ?? 0) },
  { key: 'distance', show: (o) => metres(num(o.meanDistanceM)) },
  { key: 'misspent', show: (o) => count(num(o.professionalsMisspent)) },
  { key: 'mean', show: (o) => share(o.equity?.meanFillMicro) },
  { key: 'worst', show: (o) => share(o.equity?.worstDecileMicro) },
  { key: 'jain', show: (o) => (num(o.equity?.jainMicro) / 1e6).toFixed(3) },
]

export function comparison({ before, after }: Schemas['PolicyTrial']) {
  if (!before || !after) return []
  return measures.map(({ key, show }) => ({ key, before: show(before), after: show(after) }))
}
