// The numbers of a policy that are set with a slider: where they stand, and how they are shown.
import { num, type Policy, type Schemas } from '@/api/client'
import { metres, percent } from '@/ui/format'

export interface Slider {
  key: string
  least: number
  most: number
  step: number
  get: (p: Policy) => number
  set: (p: Policy, v: number) => void
  show: (v: number) => string
}
const micro = (v: number) => String(Math.round(v * 1e6))
const times = (v: number) => `×${v.toFixed(2)}`
type ValueKey = keyof Schemas['ValuePolicy'] & `${string}Micro`
const weight = (key: ValueKey, least: number, most: number, step: number): Slider => ({
  key,
  least,
  most,
  step,
  get: (p) => num(p.value?.[key]) / 1e6,
  set: (p, v) => {
    p.value = { ...p.value, [key]: micro(v) }
  },
  show: times,
})
export const sliders: Slider[] = [
  {
    key: 'equityAlphaMilli',
    least: 0,
    most: 4,
    step: 0.1,
    get: (p) => (p.value?.equityAlphaMilli ?? 0) / 1000,
    set: (p, v) => {
      p.value = { ...p.value, equityAlphaMilli: Math.round(v * 1000) }
    },
    show: (v) => v.toFixed(1),
  },
  weight('urgencyUrgentMicro', 1, 20, 0.5),
  weight('urgencyCriticalMicro', 1, 50, 1),
  weight('categoryFitMicro', 1, 5, 0.1),
  weight('surplusSkillMicro', 0.1, 1, 0.05),
  {
    key: 'halfDistanceM',
    least: 500,
    most: 30_000,
    step: 500,
    get: (p) => num(p.value?.halfDistanceM),
    set: (p, v) => {
      p.value = { ...p.value, halfDistanceM: String(v) }
    },
    show: metres,
  },
  weight('sameResidentMicro', 1, 5, 0.1),
  weight('sameAreaMicro', 1, 3, 0.1),
  weight('lackLeastMicro', 0, 1, 0.05),
  {
    key: 'completenessBonusMicro',
    least: 0,
    most: 1,
    step: 0.05,
    get: (p) => num(p.clearing?.completenessBonusMicro) / 1e6,
    set: (p, v) => {
      p.clearing = { ...p.clearing, completenessBonusMicro: micro(v) }
    },
    show: percent,
  },
  {
    key: 'defaultRadiusM',
    least: 1000,
    most: 60_000,
    step: 1000,
    get: (p) => p.defaultRadiusM ?? 0,
    set: (p, v) => {
      p.defaultRadiusM = v
    },
    show: metres,
  },
]
