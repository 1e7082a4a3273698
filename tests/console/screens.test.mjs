// Every screen, in both languages, on a phone and on a desk: no violation that axe finds, nothing
// that does not fit, no text that is missing.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { Host, shot } from './host.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let host
before(async () => {
  host = await new Host('--background', 'false').start()
})
after(() => host.close())

const screens = {
  anonymous: ['/board', '/login', '/invitation/none', '/nowhere'],
  community: ['/inbox', '/needs', '/needs/new', '/needs/import', 'need', '/me', '/city'],
  team: ['/for-you', '/tasks', 'task', '/record', '/pledges'],
  enterprise: ['/pledges', '/pledges/new', '/wishes'],
  resident: ['/needs', '/needs/new'],
  lead: ['/city', '/clearing', '/policy', '/workforce', '/reports', '/parties', '/parties/import'],
}

// The first thing of a kind that whoever is logged in sees.
async function resolve(page, path) {
  if (path === 'need')
    return `/needs/${(await host.api(page, 'GET', '/v1/needs?state=open&newest=1&pageSize=1')).body.needs[0].id}`
  if (path === 'task') {
    const { body } = await host.api(page, 'GET', '/v1/sessions/current')
    const list = `/v1/matches?party=${body.actor.partyId}&newest=1&pageSize=1`
    if (!(await host.api(page, 'GET', list)).body.matches) {
      const [pair] = (
        await host.api(page, 'GET', `/v1/parties/${body.actor.partyId}/open-lines?limit=1`)
      ).body.pairs
      await host.api(page, 'POST', '/v1/matches:claim', {
        needId: pair.needId,
        line: pair.line,
        offerId: pair.offerId,
        quantity: '1',
      })
    }
    return `/tasks/${(await host.api(page, 'GET', list)).body.matches[0].id}`
  }
  return path
}

// A file with a column that is unknown and a row with a problem, so that all of the screen is seen.
async function checkFile(page) {
  const heads = { needs: '名称,区域,服务类别,种类,数量,时间段', parties: '种类,名称,区域' }
  const kind = page.url().split('/').at(-2)
  const text = [`${heads[kind]},负责人`, 'a,b,c,d,e,f,g,h'].join('\r\n')
  const file = { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
  await page.setInputFiles('input[type=file]', file)
  await page.locator('main table').waitFor()
}

for (const [who, paths] of Object.entries(screens)) {
  test(`the screens of ${who}`, { timeout: 240_000 }, async () => {
    const wrong = []
    for (const language of ['zh', 'en']) {
      for (const phone of [true, false]) {
        const page = await host.page({ as: who === 'anonymous' ? undefined : who, phone, language })
        for (const path of paths) {
          const where = await resolve(page, path)
          await host.go(page, where)
          await page.waitForLoadState('networkidle')
          if (where.endsWith('/import')) await checkFile(page)
          await page.waitForFunction(
            () =>
              !document.querySelector('main [role=status]')?.textContent?.match(/正在加载|Loading/),
          )
          const name = `${who} ${path} ${language} ${phone ? 'phone' : 'desk'}`
          await shot(
            page,
            `screen-${who}-${path.replace(/\W+/g, '-')}-${language}-${phone ? 'phone' : 'desk'}`,
          )
          const over = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          if (over > 0) wrong.push(`${name}: ${over} px wider than the screen`)
          const small = await page.evaluate(
            () =>
              [...document.querySelectorAll('main p, main li, main td')].filter(
                (e) => parseFloat(getComputedStyle(e).fontSize) < 14.3,
              ).length,
          )
          if (small > 0) wrong.push(`${name}: text too small to read`)
          // By evaluation: the page's own policy lets no script in.
          const found = await page.evaluate(
            `(() => { ${axe}; return axe.run(document, { resultTypes: ['violations'] }) })()`,
          )
          for (const v of found.violations)
            wrong.push(
              `${name}: ${v.id}: ${v.nodes
                .map((n) => n.target.join(' '))
                .slice(0, 3)
                .join(', ')}`,
            )
          // A key that has no words shows itself.
          const text = await page.evaluate(() => document.body.innerText)
          const bare =
            /\b(nav|state|form|access|board|needs|post|need|preview|task|tasks|record|pledge|city|clearing|policy|workforce|reports|parties|amount|week|import|inbox)\.[a-zA-Z]+/.exec(
              text,
            )
          if (bare) wrong.push(`${name}: the text ${bare[0]} is missing`)
        }
        wrong.push(...page.faults.map((f) => `${who} ${language}: ${f}`))
        await page.context().close()
      }
    }
    assert.deepEqual(wrong, [])
  })
}
