// A table as a file that Excel opens with its Chinese right (a byte order mark), and that runs no
// formula.
export function csv(rows: (string | number)[][]): string {
  const cell = (v: string | number) => {
    const text = String(v)
    // What begins like a formula is a text here (OWASP, CSV injection).
    const plain = typeof v === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\r\n]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain
  }
  return (
    'data:text/csv;charset=utf-8,' +
    encodeURIComponent('\ufeff' + rows.map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n')
  )
}
