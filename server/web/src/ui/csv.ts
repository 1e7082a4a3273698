import Papa from 'papaparse'

// A table as a file that Excel opens with its Chinese right (a byte order mark), and that runs no
// formula.
export function csv(rows: (string | number)[][]): string {
  const text = Papa.unparse(rows, { escapeFormulae: true })
  return 'data:text/csv;charset=utf-8,' + encodeURIComponent('\ufeff' + text + '\r\n')
}
