// Makes src/api/schema.d.ts of an openapi.json:  node scripts/types.mjs openapi.json [--check]
// Left out is what the console does not use: words, the binary forms, headers that it never sends.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'

const unused = new Set(['Qiao-Actor', 'If-None-Match'])

function slim(node) {
  if (Array.isArray(node))
    return node.filter((n) => !(n?.in === 'header' && unused.has(n.name))).map(slim)
  if (node === null || typeof node !== 'object') return node
  const out = {}
  for (const [key, value] of Object.entries(node)) {
    // A description that is text is one; a property may be called so too.
    if ((key === 'description' || key === 'summary') && typeof value === 'string') continue
    if (
      key === 'application/x-protobuf' ||
      key === 'format' ||
      key === 'pattern' ||
      key.startsWith('x-')
    )
      continue
    out[key] = slim(value)
  }
  return out
}

const [from, check] = process.argv.slice(2)
const target = fileURLToPath(new URL('../src/api/schema.d.ts', import.meta.url))
const document = slim(JSON.parse(readFileSync(from, 'utf8')))
const text =
  '// Made of openapi.json by scripts/types.mjs; do not edit.\n' +
  astToString(await openapiTS(document))
if (check === '--check') {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/api/schema.d.ts is not what the server says: npm run types -- openapi.json')
    process.exit(1)
  }
} else {
  writeFileSync(target, text)
}
