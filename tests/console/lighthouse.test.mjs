// Lighthouse, as a phone: what it says of the screens that most people open. Accessibility and best
// practices are facts of the page and are checked. Performance is one of the machine too, and is
// said: node --test lighthouse.test.mjs.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from 'chrome-launcher'
import lighthouse from 'lighthouse'
import { Host, password, screenshots } from './host.mjs'

const least = { accessibility: 1, 'best-practices': 0.95 }
const categories = ['performance', ...Object.keys(least)]

let host
let chrome
before(async () => {
  host = await new Host('--background', 'false').start()
  chrome = await launch({
    chromePath: process.env.QIAO_CHROMIUM ?? '/usr/bin/chromium',
    chromeFlags: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage'],
  })
})
after(async () => {
  await chrome?.kill()
  await host.close()
})

async function cookieOf(as) {
  const answer = await fetch(`${host.url}/v1/sessions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ login: `demo-${as}`, password }),
  })
  return answer.headers.get('set-cookie').split(';')[0]
}

for (const [name, path, as] of [
  ['public board', '/board'],
  ['for you', '/for-you', 'team'],
  ['post a need', '/needs/new', 'community'],
  ['city', '/city', 'lead'],
]) {
  test(`${name}`, { timeout: 300_000 }, async () => {
    const extraHeaders = as ? { Cookie: await cookieOf(as) } : {}
    const look = () =>
      lighthouse(`${host.url}/#${path}`, {
        port: chrome.port,
        output: 'html',
        onlyCategories: categories,
        extraHeaders,
        logLevel: 'silent',
      })
    let { lhr, report } = await look()
    // Now and then it is Lighthouse that loses its page, on a busy machine.
    for (let again = 0; again < 2 && lhr.runtimeError; ++again) ({ lhr, report } = await look())
    assert.equal(lhr.runtimeError, undefined, lhr.runtimeError?.message)
    writeFileSync(join(screenshots, `lighthouse-${name.replace(/ /g, '-')}.html`), report)
    const failed = Object.values(lhr.audits)
      .filter((a) => a.score !== null && a.score < 0.9 && a.scoreDisplayMode === 'binary')
      .map((a) => a.id)
    const of = (id) => lhr.audits[id].displayValue
    console.log(
      `${name}: ${categories.map((k) => `${k} ${Math.round(100 * lhr.categories[k].score)}`).join(', ')}; first paint ${of('first-contentful-paint')}, largest ${of('largest-contentful-paint')}, blocked ${of('total-blocking-time')}, shift ${of('cumulative-layout-shift')}`,
    )
    for (const [k, v] of Object.entries(least))
      assert.ok(
        lhr.categories[k].score >= v,
        `${k}: ${lhr.categories[k].score} is less than ${v}: ${failed}`,
      )
  })
}
