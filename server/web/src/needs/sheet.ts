// Needs from a spreadsheet: the columns of `qiao need import` (tools/qiao/sheet.cc), by their
// Chinese or English names.
import { type Need, type Schemas } from '@/api/client'
import { areas, taxonomy } from '@/api/city'
import { toSeconds } from '@/ui/format'
import { parse } from '@/ui/quantity'
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

function find(
  list: { code?: string; zh?: string; en?: string }[] | undefined,
  text: string,
): string | undefined {
  const wanted = text.trim().toLowerCase()
  return list?.find(
    (t) => t.code === wanted || t.zh === text.trim() || t.en?.toLowerCase() === wanted,
  )?.code
}

// "2026-11-28", "2026/11/28", "2026年11月28日" and what Excel gives; "9:00", "0900".
export function readDate(text: string): string | undefined {
  const m = /^(\d{4})\D(\d{1,2})\D(\d{1,2})/.exec(text.trim())
  if (!m) return undefined
  const date = `${m[1]}-${m[2]?.padStart(2, '0')}-${m[3]?.padStart(2, '0')}`
  const shown = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(shown.getTime()) || shown.toISOString().slice(0, 10) !== date
    ? undefined
    : date
}
export function readTime(text: string): string | undefined {
  const m = /^(\d{1,2})[:：.]?(\d{2})/.exec(text.trim())
  if (!m || Number(m[1]) > 24 || Number(m[2]) > 59) return undefined
  return `${m[1]?.padStart(2, '0')}:${m[2]}`
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

export function readRow(number: number, values: string[], keys: (Key | undefined)[]): Row {
  const row: Row = { number, cells: {}, wrong: [] }
  keys.forEach((k, i) => {
    if (k !== undefined && values[i]?.trim()) row.cells[k] = values[i].trim()
  })
  // "2026-11-28 09:00/11:30"
  const whole = /^(\S+)[ T](\d{1,2}[:：]\d{2})\s*[/-]\s*(\d{1,2}[:：]\d{2})$/.exec(
    row.cells.date ?? '',
  )
  if (whole) [row.cells.date, row.cells.from, row.cells.to] = whole.slice(1)
  const bad = (column: Key, key: Wrong['key']) =>
    row.wrong.push({ column, key, value: row.cells[column] ?? '' })
  for (const c of columns) if (c.required && !row.cells[c.key]) bad(c.key, 'required')
  const cell = (k: Key) => row.cells[k] ?? ''
  const place =
    areas.value.find((a) => a.code === cell('area') || a.name === cell('area')) ??
    areas.value.find(
      (a) => a.level === 'AREA_LEVEL_COMMUNITY' && cell('area') && a.name?.startsWith(cell('area')),
    )
  if (cell('area') && !place) bad('area', 'unknown')
  const category = find(taxonomy.value?.categories, cell('category'))
  if (cell('category') && !category) bad('category', 'unknown')
  const kind = kindWords[cell('kind').toLowerCase()]
  const stock =
    kind === undefined
      ? find(
          taxonomy.value?.resources?.map((r) => r.term ?? {}),
          cell('kind'),
        )
      : undefined
  if (cell('kind') && !kind && !stock) bad('kind', 'unknown')
  const of = stock ? { stock: { resource: stock } } : { time: { kind: timeKind(kind ?? 'people') } }
  const quantity = parse(cell('quantity'), of)
  if (cell('quantity') && quantity === undefined) {
    bad('quantity', Number(cell('quantity')) > 0 ? 'whole' : 'number')
  }
  const optional = (
    k: 'skill' | 'certificate' | 'programme' | 'beneficiary',
    list: { code?: string; zh?: string; en?: string }[] | undefined,
  ) => {
    if (!cell(k)) return undefined
    const code = find(list, cell(k))
    if (code === undefined) bad(k, 'unknown')
    return code
  }
  const skill = optional('skill', taxonomy.value?.skills)
  const certificate = optional(
    'certificate',
    taxonomy.value?.certificates?.map((c) => c.term ?? {}),
  )
  const programme = optional('programme', taxonomy.value?.programmes)
  const beneficiary = optional('beneficiary', taxonomy.value?.beneficiaries)
  const date = readDate(cell('date'))
  const from = readTime(cell('from'))
  const to = readTime(cell('to'))
  if (cell('date') && !date) bad('date', 'date')
  if (cell('from') && !from) bad('from', 'date')
  if (cell('to') && !to) bad('to', 'date')
  if (row.wrong.length > 0 || !date || !from || !to) return row
  const window = {
    start: String(toSeconds(date, from)),
    end: String(toSeconds(date, to) + (to > from ? 0 : 86_400)),
  }
  row.need = {
    title: cell('title'),
    areaCode: place?.code,
    category,
    programme,
    beneficiary,
    description: cell('description') || undefined,
    contactName: cell('contact_name') || undefined,
    contactPhone: cell('contact_phone') || undefined,
    address: cell('address') || undefined,
    lines: [
      {
        quantity: String(quantity),
        window,
        ...(stock
          ? { stock: { resource: stock } }
          : {
              time: {
                kind: timeKind(kind ?? 'people'),
                skills: skill ? [skill] : [],
                certificate,
                certificateLevel: certificate ? 1 : undefined,
              },
            }),
      },
    ],
  }
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
