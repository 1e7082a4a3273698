// Imports of spreadsheets: the server reads the file, checks its rows and saves them.
import { ask, client, num, pages, type Schemas } from './client'

export type Import = Schemas['Import']
export type ImportRow = Schemas['ImportRow']
export type ImportColumn = Schemas['ImportColumn']
// What can be imported, and the operation that makes one of it.
export const makes = {
  needs: 'postNeed',
  offers: 'postOffer',
  parties: 'registerParty',
  areas: 'putArea',
} as const
export type Kind = keyof typeof makes
export const kinds = Object.keys(makes) as Kind[]

// How a file is read; what is empty is found by the server.
export interface Layout {
  sheet: string
  headingRow: number
  // Fields by the letters of columns; empty for one that is left out.
  columns: Record<string, string>
}
export const freshLayout = (): Layout => ({ sheet: '', headingRow: 0, columns: {} })

export interface Order {
  kind: Kind
  file: Blob
  layout: Layout
  only: 'check' | 'save'
}

// Between two looks at how far it is.
const lookEvery = 300
const aMoment = () => new Promise((done) => window.setTimeout(done, lookEvery))
const ended = new Set(['IMPORT_STATE_DONE', 'IMPORT_STATE_REFUSED', 'IMPORT_STATE_STOPPED'])

// The file goes as it is: what it is can be told from its bytes.
function send({ kind, file, layout, only }: Order): Promise<Import> {
  const mapping = Object.entries(layout.columns).map(
    ([letter, field]) => `${letter}:${field || '-'}`,
  )
  const query = {
    kind,
    check: only === 'check' ? 1 : 0,
    skipBad: 1,
    sheet: layout.sheet || undefined,
    headingRow: layout.headingRow || undefined,
    mapping: mapping.join(',') || undefined,
  }
  return ask(
    client.POST('/v1/imports', {
      params: { query },
      body: file as unknown as string,
      bodySerializer: (body) => body,
      headers: { 'Content-Type': 'application/octet-stream' },
    }),
  )
}

type Patiently = <T>(request: () => Promise<T>) => Promise<T>

// Checks or saves a file; `told` hears how far it is until `givenUp()`. A file may be sent again:
// no row is saved twice.
export async function importFile(
  order: Order,
  patiently: Patiently,
  told: (now: Import) => void,
  givenUp: () => boolean,
): Promise<Import> {
  let now = await patiently(() => send(order))
  const params = { path: { id: now.id ?? '' }, query: { pageSize: 1 } }
  const look = () => patiently(() => ask(client.GET('/v1/imports/{id}', { params })))
  for (now = await look(); !ended.has(now.state ?? '') && !givenUp(); now = await look()) {
    told(now)
    await aMoment()
  }
  return now
}

// No file has more rows.
const mostRows = 20_000
// Its rows of an outcome, in the order of the file.
export function rowsOf(id: string, outcome: string): Promise<ImportRow[]> {
  return pages(async (pageToken) => {
    const query = { outcome, pageSize: 500, pageToken }
    const page = await ask(client.GET('/v1/imports/{id}', { params: { path: { id }, query } }))
    return { items: page.results ?? [], nextPageToken: page.nextPageToken }
  }, mostRows)
}

// The outcomes of rows, and how many have each. Those that are ready are new or changes.
export const outcomes = (of: Import) => [
  { name: 'refused', n: num(of.refused) },
  { name: 'new', n: num(of.ready) - num(of.readyChanges) },
  { name: 'change', n: num(of.readyChanges) },
  { name: 'created', n: num(of.created) },
  { name: 'changed', n: num(of.changed) },
  { name: 'unchanged', n: num(of.unchanged) },
  { name: 'repeated', n: num(of.repeated) },
  { name: 'left_out', n: num(of.leftOut) },
]

// Things that are saved, now or before.
export const stored = (of: Import) =>
  num(of.created) + num(of.changed) + num(of.unchanged) + num(of.repeated)

export const templateOf = (kind: Kind, language: string) =>
  `/v1/imports/template?kind=${kind}&format=xlsx&language=${language}`
