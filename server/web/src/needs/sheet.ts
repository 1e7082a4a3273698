// Needs from a spreadsheet: the columns of `qiao need import` (tools/qiao/sheet.cc), by their
// Chinese or English names.
import type { Area, Line, Need, Schemas } from '@/api/client'
import { areas, taxonomy } from '@/api/city'
import { toSeconds } from '@/ui/format'
import { parse, type Counted } from '@/ui/quantity'
import { timeKind, timeKinds } from './words'

export type Cells = Record<string, string>

// `also`: other names that people give the column. Day and hours may stand in one cell, as the
// command line writes them.
export const columns = [
  { key: 'title', zh: '名称', en: 'title', also: ['标题'], required: true },
  { key: 'area', zh: '区域', en: 'area', also: ['社区'], required: true },
  { key: 'category', zh: '服务类别', en: 'category', also: ['类别'], required: true },
  { key: 'kind', zh: '种类', en: 'kind', also: ['需要'], required: true },
  { key: 'quantity', zh: '数量', en: 'quantity', also: [], required: true },
  { key: 'date', zh: '日期', en: 'date', also: ['时间段', 'window'], required: true },
  { key: 'from', zh: '开始', en: 'from', also: ['开始时间'], required: true },
  { key: 'to', zh: '结束', en: 'to', also: ['结束时间'], required: true },
  { key: 'skill', zh: '技能', en: 'skills', also: ['skill'], required: false },
  { key: 'certificate', zh: '资质', en: 'certificates', also: ['certificate'], required: false },
  { key: 'programme', zh: '项目', en: 'programme', also: [], required: false },
  { key: 'beneficiary', zh: '服务对象', en: 'beneficiary', also: [], required: false },
  { key: 'description', zh: '说明', en: 'description', also: [], required: false },
  { key: 'contact_name', zh: '联系人', en: 'contact_name', also: [], required: false },
  { key: 'contact_phone', zh: '联系电话', en: 'contact_phone', also: ['电话'], required: false },
  { key: 'address', zh: '地址', en: 'address', also: [], required: false },
] as const
type Key = (typeof columns)[number]['key']

// A row that cannot be read: the column, and the key of the words.
export interface Wrong {
  column: Key
  key: 'required' | 'unknown' | 'number' | 'whole' | 'date'
  value: string
}
export interface Row {
  number: number
  // Of what it says, and the how manieth that says it.
  id?: string
  cells: Partial<Record<Key, string>>
  need?: Need
  wrong: Wrong[]
  // What the server says of it.
  refused?: string
}

const kindWords: Record<string, (typeof timeKinds)[number]> = {
  人: 'people',
  志愿者: 'people',
  people: 'people',
  专业人员: 'professional',
  professional: 'professional',
  场地: 'venue',
  venue: 'venue',
  车辆: 'vehicle',
  vehicle: 'vehicle',
  设备: 'equipment',
  equipment: 'equipment',
}

type Terms = { code?: string; zh?: string; en?: string }[] | undefined
function find(list: Terms, text: string): string | undefined {
  const wanted = text.trim().toLowerCase()
  return list?.find(
    (t) => t.code === wanted || t.zh === text.trim() || t.en?.toLowerCase() === wanted,
  )?.code
}

// "2026-11-28", "2026/11/28", "2026年11月28日" and what Excel gives; "9:00", "0900".
export function readDate(text: string): string | undefined {
  const m = /^(\d{4})\D(\d{1,2})\D(\d{1,2})/.exec(text.trim())
  if (!m) return undefined
  const date = [m[1], m[2]?.padStart(2, '0'), m[3]?.padStart(2, '0')].join('-')
  const shown = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(shown.getTime()) || shown.toISOString().slice(0, 10) !== date
    ? undefined
    : date
}
export function readTime(text: string): string | undefined {
  const m = /^(\d{1,2})[:：.]?(\d{2})/.exec(text.trim())
  if (!m || Number(m[1]) > 24 || Number(m[2]) > 59) return undefined
  return [m[1]?.padStart(2, '0'), m[2]].join(':')
}

export function header(cells: string[]): (Key | undefined)[] {
  return cells.map(
    (c) =>
      columns.find((k) => ([k.zh, k.en, ...k.also] as string[]).includes(c.trim().toLowerCase()))
        ?.key,
  )
}

// What of the first row is no column of ours, in the words of the file.
export function unknownColumns(cells: string[]): string[] {
  const keys = header(cells)
  return cells.map((c) => c.trim()).filter((name, i) => name !== '' && keys[i] === undefined)
}

const cellOf = (row: Row, column: Key) => row.cells[column] ?? ''
function refuse(row: Row, column: Key, key: Wrong['key']) {
  row.wrong.push({ column, key, value: cellOf(row, column) })
}

// What a cell says, as `read` understands it. An empty cell says nothing; one that is not
// understood is refused.
function readCell<T>(
  row: Row,
  column: Key,
  read: (text: string) => T | undefined,
  key: Wrong['key'] = 'unknown',
): T | undefined {
  const text = cellOf(row, column)
  if (text === '') return undefined
  const found = read(text)
  if (found === undefined) refuse(row, column, key)
  return found
}

// "2026-11-28 09:00/11:30" in the column of the day.
function splitWindow(row: Row) {
  const whole = /^(\S+)[ T](\d{1,2}[:：]\d{2})\s*[/-]\s*(\d{1,2}[:：]\d{2})$/.exec(
    cellOf(row, 'date'),
  )
  if (whole) [row.cells.date, row.cells.from, row.cells.to] = whole.slice(1)
}

// By code, by name, or a community by how its name begins.
function findArea(text: string): string | undefined {
  const named = areas.value.find((a) => a.code === text || a.name === text)
  const begins = (a: Area) =>
    a.level === 'AREA_LEVEL_COMMUNITY' && (a.name?.startsWith(text) ?? false)
  return (named ?? areas.value.find(begins))?.code
}

function readKind(text: string): Counted | undefined {
  const kind = kindWords[text.toLowerCase()]
  if (kind) return { time: { kind: timeKind(kind) } }
  const resource = find(
    taxonomy.value?.resources?.map((r) => r.term ?? {}),
    text,
  )
  return resource ? { stock: { resource } } : undefined
}

function readQuantity(row: Row, of: Counted): number | undefined {
  const text = cellOf(row, 'quantity')
  return readCell(row, 'quantity', (t) => parse(t, of), Number(text) > 0 ? 'whole' : 'number')
}

// Up to midnight and beyond is the next day.
function readWindow(row: Row): Line['window'] {
  const date = readCell(row, 'date', readDate, 'date')
  const from = readCell(row, 'from', readTime, 'date')
  const to = readCell(row, 'to', readTime, 'date')
  if (!date || !from || !to) return undefined
  return {
    start: String(toSeconds(date, from)),
    end: String(toSeconds(date, to) + (to > from ? 0 : 86_400)),
  }
}

// What a row asks for. Saved rows are recognised by a hash of it, order of the fields included
// (imported.ts).
function readNeed(row: Row): Need {
  const { certificates, ...words } = taxonomy.value ?? {}
  const term = (column: Key, list: Terms) => readCell(row, column, (text) => find(list, text))
  const areaCode = readCell(row, 'area', findArea)
  const category = term('category', words.categories)
  const of = readCell(row, 'kind', readKind) ?? { time: { kind: timeKind('people') } }
  const quantity = String(readQuantity(row, of))
  const skill = term('skill', words.skills)
  const certificate = term(
    'certificate',
    certificates?.map((c) => c.term ?? {}),
  )
  const programme = term('programme', words.programmes)
  const beneficiary = term('beneficiary', words.beneficiaries)
  const window = readWindow(row)
  const asked = {
    skills: skill ? [skill] : [],
    certificate,
    certificateLevel: certificate ? 1 : undefined,
  }
  const what = of.stock ? { stock: of.stock } : { time: { ...of.time, ...asked } }
  return {
    title: cellOf(row, 'title'),
    areaCode,
    category,
    programme,
    beneficiary,
    description: row.cells.description,
    contactName: row.cells.contact_name,
    contactPhone: row.cells.contact_phone,
    address: row.cells.address,
    lines: [{ quantity, window, ...what }],
  }
}

export function readRow(number: number, values: string[], keys: (Key | undefined)[]): Row {
  const row: Row = { number, cells: {}, wrong: [] }
  keys.forEach((k, i) => {
    const text = values[i]?.trim()
    if (k !== undefined && text) row.cells[k] = text
  })
  splitWindow(row)
  for (const c of columns) if (c.required && !row.cells[c.key]) refuse(row, c.key, 'required')
  const need = readNeed(row)
  if (row.wrong.length === 0) row.need = need
  return row
}

export function toBatch(rows: Row[]): Schemas['BatchRequest'] {
  return {
    commands: rows
      .filter((r) => r.need)
      .map((r) => ({ postNeed: { need: r.need, until: 'NEED_STATE_OPEN' as const } })),
  }
}
export const good = (rows: Row[]) =>
  rows.filter((r) => r.need !== undefined && r.refused === undefined)
