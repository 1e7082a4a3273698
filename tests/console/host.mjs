// A real qiaod on a real database, and real browsers. Every test file has its own.
import { spawn, execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  existsSync,
  copyFileSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const bin = process.env.QIAO_BIN
const source = process.env.QIAO_SOURCE
export const screenshots = process.env.QIAO_SCREENSHOTS ?? join(bin, 'screenshots')
export const patience = 20_000
export const password = 'qiao-demo-2026'
mkdirSync(screenshots, { recursive: true })

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// The demo city: real communities, made-up needs; the same each time except today's date and the
// program that makes it, whose market's decisions are in it.
function history() {
  const path = join(bin, 'console-city.jsonl')
  const day = new Date().toISOString().slice(0, 10)
  const kept = `${path}.${day}.${Math.trunc(statSync(join(bin, 'tools/qiao-sim')).mtimeMs)}`
  if (!existsSync(kept)) {
    const fresh = `${path}.${process.pid}`
    execFileSync(join(bin, 'tools/qiao-sim'), [
      'generate',
      '--areas',
      `${source}/data/ningguo/areas.csv`,
      '--outline',
      `${source}/data/ningguo/outline.geojson`,
      '--named',
      `${source}/data/ningguo/teams.csv`,
      '--seed',
      '1',
      '--quiet',
      '--out',
      fresh,
    ])
    copyFileSync(fresh, kept)
    rmSync(fresh)
  }
  return kept
}

export class Host {
  constructor(...options) {
    this.folder = mkdtempSync(join(tmpdir(), 'qiao-console-'))
    this.options = options
    this.port = 0
    this.contexts = []
    this.minutesAhead = 0
  }
  // The server's clock goes forward: it is restarted with another one, and the pages come back to
  // it.
  async wait(minutes) {
    await this.stop()
    this.minutesAhead += minutes
    await this.start()
  }
  // What the server's process gets that its clock is ahead.
  clock() {
    if (this.minutesAhead === 0) return {}
    const library = join(this.folder, 'shifted_clock.so')
    const shim = join(source, 'tests/process/shifted_clock.c')
    if (!existsSync(library)) execFileSync('cc', ['-shared', '-fPIC', '-O1', shim, '-o', library])
    return { LD_PRELOAD: library, QIAO_SHIFT: String(this.minutesAhead * 60) }
  }
  async start() {
    const log = join(this.folder, 'log')
    const begin = existsSync(log) ? readFileSync(log, 'utf8').length : 0
    const out = openSync(log, 'a')
    const load = existsSync(join(this.folder, 'db')) ? [] : ['--load', history()]
    // What a test says takes the place of these.
    const unlimited = ['--write-rate', '--time-share', '--log-in-rate']
      .filter((limit) => !this.options.includes(limit))
      .flatMap((limit) => [limit, '0'])
    this.process = spawn(
      join(bin, 'server/qiaod'),
      [
        '--data',
        join(this.folder, 'db'),
        '--port',
        String(this.port),
        '--demo',
        ...unlimited,
        ...load,
        ...this.options,
      ],
      { stdio: ['ignore', out, out], env: { ...process.env, ...this.clock() } },
    )
    for (let i = 0; i < 600; ++i) {
      const found = /"listening".*?"port":(\d+)/.exec(readFileSync(log, 'utf8').slice(begin))
      if (found) {
        this.port = Number(found[1])
        this.url = `http://127.0.0.1:${this.port}`
        return this
      }
      if (this.process.exitCode !== null) break
      await sleep(50)
    }
    throw new Error('qiaod does not listen: ' + readFileSync(log, 'utf8').slice(-2000))
  }
  async stop(signal = 'SIGTERM') {
    const gone = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill(signal)
    await gone
  }
  async close() {
    await this.browser?.close()
    if (this.process.exitCode === null) await this.stop('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
  // A browser of its own, as another person has it.
  async page({ as, phone = false, language = 'zh' } = {}) {
    this.browser ??= await chromium.launch({
      executablePath: process.env.QIAO_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    })
    const context = await this.browser.newContext({
      viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 900 },
      locale: 'zh-CN',
      timezoneId: 'America/New_York',
    })
    context.setDefaultTimeout(patience)
    await context.addInitScript(
      (l) => localStorage.setItem('qiao.language', localStorage.getItem('qiao.language') ?? l),
      language,
    )
    const page = await context.newPage()
    page.faults = []
    page.on('pageerror', (e) => page.faults.push(String(e)))
    // A refusal is an answer; a script that is blocked or a text that is missing is a fault.
    page.on('console', (m) => {
      if (
        ['error', 'warning'].includes(m.type()) &&
        !/Failed to load resource|WebSocket connection/.test(m.text())
      )
        page.faults.push(m.text())
    })
    if (as) await this.enter(page, as)
    return page
  }
  async enter(page, as) {
    await this.go(page, '/login')
    await page.fill('input[name=login]', `demo-${as}`)
    await page.fill('input[name=password]', password)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => !location.hash.startsWith('#/login'))
  }
  async go(page, path) {
    await page.goto(`${this.url}/#${path}`)
    await page.waitForSelector('main h1')
  }
  // The API by the session of a page.
  async api(page, method, path, body, headers = {}) {
    return page.evaluate(
      async ([method, path, body, headers]) => {
        const answer = await fetch(path, {
          method,
          headers: { 'Content-Type': 'application/json', ...headers },
          body: body === undefined ? undefined : JSON.stringify(body),
        })
        const text = await answer.text()
        return { status: answer.status, body: text ? JSON.parse(text) : undefined }
      },
      [method, path, body, headers],
    )
  }
  // Commands, as many at once as the server takes.
  async batch(page, commands) {
    const atOnce = 200
    for (let at = 0; at < commands.length; at += atOnce) {
      const some = { commands: commands.slice(at, at + atOnce) }
      const { status, body } = await this.api(page, 'POST', '/v1/batch', some)
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    }
  }
}

export async function shot(page, name) {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })
}

// The city's wall clock so many minutes from now, as the form wants it.
export function wallClock(minutes) {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: 'Asia/Shanghai',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(new Date(Date.now() + minutes * 60_000))
  const part = (type) => parts.find((p) => p.type === type).value
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
  }
}
