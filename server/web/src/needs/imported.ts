// Which rows of spreadsheets are saved, so that a file that is chosen again goes on where it was.
// It is known for as long as the tab is open. For 48 hours the server tells by the keys, which come
// from what the rows say.
import { ref } from 'vue'
import { keep, kept } from '@/api/kept'
import type { Row } from './sheet'

const place = 'imported'

// FNV-1a with 64 bits: the browser's own hashes are there with TLS only.
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16)
}

// The same need twice in a file is meant twice.
export function identify(rows: Row[]) {
  const times = new Map<string, number>()
  for (const row of rows) {
    if (row.need === undefined) continue
    const print = fingerprint(JSON.stringify(row.need))
    const time = (times.get(print) ?? 0) + 1
    times.set(print, time)
    row.id = `${print}.${time}`
  }
}

// The idempotency key of rows that are saved together.
export const keyOf = (part: Row[]) => `import-${fingerprint(part.map((r) => r.id).join(' '))}`

export function useImported() {
  const ids = ref(new Set((kept(place) as string[] | undefined) ?? []))
  const saved = (row: Row) => row.id !== undefined && ids.value.has(row.id)
  const remember = (part: Row[]) => {
    ids.value = new Set([...ids.value, ...part.flatMap((r) => r.id ?? [])])
    keep(place, [...ids.value])
  }
  return { saved, remember }
}
