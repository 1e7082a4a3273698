// What columns are called.
import type { Schemas } from '@/api/client'
import type { Import } from '@/api/imports'
import { language, t } from '@/texts'

export const nameOf = (field: Schemas['ImportField']) =>
  (language() === 'zh' ? field.zh : field.column) ?? ''
// With a word for what a file must have.
export const labelOf = (field: Schemas['ImportField']) =>
  field.required ? t('import.required', { name: nameOf(field) }) : nameOf(field)

// A column as the file names it, or as templates do.
export function columnName(of: Import, column: string | undefined): string {
  if (!column) return ''
  const heading = of.columns?.find((c) => c.column === column)?.heading
  const field = of.fields?.find((f) => f.column === column)
  return heading ?? (field ? nameOf(field) : column)
}
