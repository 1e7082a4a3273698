// Imports of spreadsheets: the server reads the file, checks its rows and saves them.
import { ask, client, num, pages, type Schemas } from './client'

export type Import = Schemas['Import']
export type ImportRow = Schemas['ImportRow']
type Kind = 'areas' | 'parties' | 'offers' | 'needs'

// Between two looks at how far it is.
const lookEvery = 300
const aMoment = () => new Promise((done) => window.setTimeout(done, lookEvery))
const ended = new Set(['IMPORT_STATE_DONE', 'IMPORT_STATE_REFUSED', 'IMPORT_STATE_STOPPED'])

// The file goes as it is: what it is can be told from its bytes.
function send(kind: Kind, file: File, only: 'check' | 'save'): Promise<Import> {
  const query = { kind, check: only === 'check' ? 1 : 0, skipBad: 1 }
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
  kind: Kind,
  file: File,
  only: 'check' | 'save',
  patiently: Patiently,
  told: (now: Import) => void,
  givenUp: () => boolean,
): Promise<Import> {
  let now = await patiently(() => send(kind, file, only))
  const params = { path: { id: now.id ?? '' }, query: { pageSize: 1 } }
  while (!ended.has(now.state ?? '') && !givenUp()) {
    told(now)
    await aMoment()
    now = await patiently(() => ask(client.GET('/v1/imports/{id}', { params })))
  }
  return now
}

// Its refused rows, in the order of the file.
export function refusedRows(of: Import): Promise<ImportRow[]> {
  return pages(async (pageToken) => {
    const query = { outcome: 'refused', pageSize: 500, pageToken }
    const params = { path: { id: of.id ?? '' }, query }
    const page = await ask(client.GET('/v1/imports/{id}', { params }))
    return { items: page.results ?? [], nextPageToken: page.nextPageToken }
  })
}

// Things that are saved, now or before.
export const stored = (of: Import) =>
  num(of.created) + num(of.changed) + num(of.unchanged) + num(of.repeated)

export const templateOf = (kind: Kind, language: string) =>
  `/v1/imports/template?kind=${kind}&format=xlsx&language=${language}`
