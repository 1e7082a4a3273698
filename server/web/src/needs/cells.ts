// The cells of a file as texts: a spreadsheet of Excel, or comma-separated values.

// An empty cell is null, which the library's types leave out.
type Cell = string | number | boolean | Date | null

// Excel's days and hours come as UTC instants that mean the wall clock.
function textOf(cell: Cell): string {
  if (cell === null) return ''
  if (!(cell instanceof Date)) return String(cell)
  const [date = '', time = ''] = cell.toISOString().split('T')
  return cell.getUTCFullYear() < 1902 ? time.slice(0, 5) : date
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // What Chinese Excel saves.
    return new TextDecoder('gb18030').decode(bytes)
  }
}

export async function cellsOf(file: File): Promise<string[][]> {
  if (/\.xlsx$/i.test(file.name)) {
    const { default: read } = await import('read-excel-file')
    const sheet = (await read(file)) as unknown as Cell[][]
    return sheet.map((row) => row.map(textOf))
  }
  const text = decode(new Uint8Array(await file.arrayBuffer()))
  const { default: papa } = await import('papaparse')
  // Blank rows stay: a row has the number that the spreadsheet gives it.
  return papa.parse<string[]>(text).data
}
