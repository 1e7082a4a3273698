// Who is asked for how much, when several are chosen for one line.
import type { Quantity } from '@/ui/quantity'

export interface Chosen {
  offerId: string
  partyName: string
  // What it can give, and the least that it gives at a time.
  available: number
  lot: number
}
export interface Share {
  to: Chosen
  quantity: Quantity
}
export interface Plan {
  shares: Share[]
  // Chosen, but what is missing does not suffice to ask them, too.
  leftOut: Chosen[]
}

// An even split of what is missing, bounded by what each can give; each that is asked is asked for
// its lot at least, in multiples of `unit` where the bounds allow. `chosen` has the best first:
// they come first where not all can be asked.
export function divide(missing: number, chosen: Chosen[], unit: number): Plan {
  const asked: Chosen[] = []
  let reserved = 0
  for (const c of chosen) {
    if (c.lot > c.available || reserved + c.lot > missing) continue
    asked.push(c)
    reserved += c.lot
  }
  // Whoever can give least comes first: what it leaves is shared by the others.
  const quantities = new Map<Chosen, number>()
  let left = missing
  for (const [i, c] of [...asked].sort((a, b) => a.available - b.available).entries()) {
    reserved -= c.lot
    const even = Math.ceil(left / (asked.length - i) / unit) * unit
    const quantity = Math.min(c.available, left - reserved, Math.max(c.lot, even))
    quantities.set(c, quantity)
    left -= quantity
  }
  return {
    shares: asked.map((to) => ({ to, quantity: quantities.get(to) as Quantity })),
    leftOut: chosen.filter((c) => !asked.includes(c)),
  }
}
