// How long until the lead's page is usable on a province: 20,000 areas, 100,000 needs; and what the
// server takes of it.
//   tools/bench console
// The limit in the same run: the same page on an empty answer, which is the console's own share.
import { spawn, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, openSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [bin, source] = process.argv.slice(2)
const { chromium } = createRequire(join(source, 'tests/console/package.json'))('playwright-core')
const full = process.env.QIAO_SCALE === 'full'
const runs = 5
const folder = mkdtempSync(join(tmpdir(), 'qiao-bench-console-'))
const line = (figure, value, unit, against = '') =>
  console.log(`${figure.padEnd(44)} ${value.padStart(14)} ${unit.padEnd(10)} ${against}`)
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const history = join(folder, 'province.jsonl')
const place = full
  ? ['--divisions', join(source, '../shared/data/divisions'), '--prefix', '34', '--needs', '100000']
  : [
      '--areas',
      join(source, 'data/ningguo/areas.csv'),
      '--outline',
      join(source, 'data/ningguo/outline.geojson'),
    ]
execFileSync(
  join(bin, 'tools/qiao-sim'),
  ['generate', ...place, '--seed', '1', '--quiet', '--out', history],
  { stdio: 'ignore' },
)
const log = join(folder, 'log')
const out = openSync(log, 'a')
const server = spawn(
  join(bin, 'server/qiaod'),
  [
    '--demo',
    '--data',
    join(folder, 'db'),
    '--port',
    '0',
    '--background',
    'false',
    '--load',
    history,
  ],
  { stdio: ['ignore', out, out] },
)
let browser
try {
  let port
  for (let i = 0; i < 3000 && !port && server.exitCode === null; ++i) {
    port = /"listening".*?"port":(\d+)/.exec(existsSync(log) ? readFileSync(log, 'utf8') : '')?.[1]
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const url = `http://127.0.0.1:${port}`
  browser = await chromium.launch({
    executablePath: process.env.QIAO_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  const page = await (
    await browser.newContext({ viewport: { width: 1280, height: 900 } })
  ).newPage()
  await page.goto(`${url}/#/login`)
  await page.fill('input[name=login]', 'demo-lead')
  await page.fill('input[name=password]', 'qiao-demo-2026')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-test=tallies]')
  const open = async () => {
    const times = []
    for (let i = 0; i < runs; ++i) {
      await page.goto('about:blank')
      const begin = performance.now()
      await page.goto(`${url}/#/city`)
      await page.waitForSelector('[data-test=tallies]')
      await page.waitForSelector('.leaflet-container svg path')
      times.push(performance.now() - begin)
    }
    return median(times)
  }
  const real = await open()
  const asked = await page.evaluate(async (runs) => {
    const times = []
    let bytes = 0
    for (let i = 0; i < runs; ++i) {
      const begin = performance.now()
      bytes = (await (await fetch('/v1/overview')).text()).length
      times.push(performance.now() - begin)
    }
    return { times, bytes }
  }, runs)
  await page.route('**/v1/overview*', (route) =>
    route.fulfill({ json: { areas: [], funnel: [], needs: [], waiting: [] } }),
  )
  const empty = await open()
  line(
    `lead page usable (${full ? '100,000 needs' : 'the demo city'})`,
    (real / 1000).toFixed(2),
    's',
    `${(empty / 1000).toFixed(2)} s on an empty answer: ${(real / empty).toFixed(2)} x`,
  )
  line(
    'GET /v1/overview, asked by the page',
    (median(asked.times) / 1000).toFixed(3),
    's',
    `${Math.round(asked.bytes / 1000)} kB`,
  )
} finally {
  await browser?.close()
  server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
