// What changes seldom and every screen needs: the city's words and its areas. Read once.
import { computed, shallowRef } from 'vue'
import { words } from '@/texts'
import { ask, client, pages, type Area, type Schemas } from './client'

export const taxonomy = shallowRef<Schemas['Taxonomy']>()
export const areas = shallowRef<Area[]>([])
const byCode = computed(() => new Map(areas.value.map((a) => [a.code ?? '', a])))

// Reads once; after a failure again when asked again.
function once(read: () => Promise<void>): () => Promise<void> {
  let reading: Promise<void> | undefined
  return () => {
    reading ??= read().catch((error: unknown) => {
      reading = undefined
      throw error
    })
    return reading
  }
}

export const readWords = once(async () => {
  taxonomy.value = await ask(client.GET('/v1/taxonomy'))
})

// Also once they have changed.
export async function readAreasAgain() {
  areas.value = await pages(async (pageToken) => {
    const page = await ask(
      client.GET('/v1/areas', { params: { query: { pageSize: 500, pageToken } } }),
    )
    return { items: page.areas ?? [], nextPageToken: page.nextPageToken }
  }, 50_000)
}
const readAreas = once(readAreasAgain)

// Words and areas. A province has twenty thousand areas: screens that only need words ask for them
// alone.
export async function readCity(): Promise<void> {
  await Promise.all([readWords(), readAreas()])
}

// The city's boundary as GeoJSON.
export async function readOutline(): Promise<unknown> {
  return (await fetch('/outline.geojson')).json()
}

export function area(code: string | undefined): Area | undefined {
  return byCode.value.get(code ?? '')
}
export function areaName(code: string | undefined): string {
  return area(code)?.name ?? ''
}
// It and everything above it, the city last.
export function ancestors(code: string | undefined): string[] {
  const all: string[] = []
  for (let at = area(code); at !== undefined && at.code !== undefined; at = area(at.parentCode))
    all.push(at.code)
  return all
}
// Whether `code` is `of` or lies in it. Where that is not known, it may.
export function inArea(code: string | undefined, of: string | undefined): boolean {
  return !of || code === of || area(code) === undefined || ancestors(code).includes(of)
}
export const communities = computed(() =>
  areas.value.filter((a) => a.level === 'AREA_LEVEL_COMMUNITY'),
)
export const towns = computed(() => areas.value.filter((a) => a.level === 'AREA_LEVEL_TOWN'))

type List = 'categories' | 'beneficiaries' | 'skills' | 'programmes'
export function term(list: List, code: string | undefined): string {
  return words(taxonomy.value?.[list]?.find((t) => t.code === code)) || code || ''
}
export function certificate(code: string | undefined): string {
  return words(taxonomy.value?.certificates?.find((c) => c.term?.code === code)?.term) || code || ''
}
// Money is a resource whose unit is the fen, whatever it is called.
export function resource(code: string | undefined) {
  const found = taxonomy.value?.resources?.find((r) => r.term?.code === code)
  const unit = words({ zh: found?.unitZh, en: found?.unit })
  return { name: words(found?.term) || code || '', unit, money: found?.unit === 'fen' }
}
