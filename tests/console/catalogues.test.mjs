// The texts of the console, without a browser: both languages whole, nothing asked for that is not
// there, nothing left over; and how much a team's telephone has to load before it can claim.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

const web = join(process.env.QIAO_SOURCE, 'server/web')
const built = join(process.env.QIAO_BIN, 'web')
const { transformSync } = createRequire(join(web, 'package.json'))('esbuild')

async function catalogue(language) {
  const { code } = transformSync(readFileSync(join(web, `src/texts/${language}.ts`), 'utf8'), {
    loader: 'ts',
    format: 'esm',
  })
  return (await import('data:text/javascript;charset=utf-8,' + encodeURIComponent(code)))[language]
}
function flat(node, path = '') {
  return typeof node === 'string'
    ? [[path, node]]
    : Object.entries(node).flatMap(([k, v]) => flat(v, path ? `${path}.${k}` : k))
}
const zh = new Map(flat(await catalogue('zh')))
const en = new Map(flat(await catalogue('en')))
const sources = readdirSync(join(web, 'src'), { recursive: true })
  .filter((f) => /\.(vue|ts)$/.test(f) && !f.startsWith('texts') && !f.endsWith('.d.ts'))
  .map((f) => readFileSync(join(web, 'src', f), 'utf8'))

test('both catalogues have the same keys, and the same places to fill in', () => {
  assert.deepEqual([...en.keys()].sort(), [...zh.keys()].sort())
  const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
  for (const [key, text] of zh) assert.deepEqual(places(en.get(key)), places(text), key)
})

test('Chinese is Chinese and English is English', () => {
  for (const [key, text] of en) assert.doesNotMatch(text, /[\u3000-\u9fff\uff00-\uffef]/, key)
  for (const [key, text] of zh)
    if (!/^(need\.held|unit\.labelled|unit\.pair|week\.then)$/.test(key))
      assert.match(text, /[\u4e00-\u9fff、，]/, key)
  for (const text of [...zh.values(), ...en.values()]) assert.notEqual(text.trim(), '')
})

test('every text that is asked for is there, and every one that is there is asked for', () => {
  const all = sources.join('\n')
  const asked = new Set(
    [
      ...all.matchAll(/(?:\$t|\bt|wordsOf|global\.t)\(\s*'([\w.]+)'/g),
      ...all.matchAll(/title: '(\w+\.\w+)'/g),
      ...all.matchAll(/'(timeline\.\w+)'/g),
      ...all.matchAll(/\? '(\w+\.\w+)'|: '(\w+\.\w+)'/g),
    ]
      .map((m) => m[1] ?? m[2])
      .filter((k) => /^\w+\./.test(k)),
  )
  for (const key of asked) assert.ok(zh.has(key), `${key} is asked for`)
  // "policy.hint.${…}" asks for all that begins so.
  const families = [...all.matchAll(/(?:\$t|\bt|global\.t)\(\s*`([\w.]*)\$\{/g)].map((m) => m[1])
  families.push('needState.', 'matchState.')
  for (const key of zh.keys())
    assert.ok(
      asked.has(key) ||
        families.some((f) => f !== '' && key.startsWith(f)) ||
        all.includes(`'${key}'`),
      `${key} is not asked for`,
    )
})

test('what has to be loaded to claim is at most 200 kB of JavaScript, compressed', () => {
  const manifest = JSON.parse(readFileSync(join(built, '.vite/manifest.json'), 'utf8'))
  const seen = new Set()
  const visit = (name) => {
    if (seen.has(name)) return
    seen.add(name)
    for (const next of manifest[name].imports ?? []) visit(next)
  }
  visit('index.html')
  visit('src/tasks/ForYou.vue')
  const bytes = [...seen]
    .map((name) => manifest[name].file)
    .filter((f) => f.endsWith('.js'))
    .reduce((sum, f) => sum + gzipSync(readFileSync(join(built, f)), { level: 9 }).length, 0)
  console.log(`the claim path loads ${(bytes / 1000).toFixed(1)} kB of JavaScript (gzip)`)
  assert.ok(bytes <= 200_000)
})
