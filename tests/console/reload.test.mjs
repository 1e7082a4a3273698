// When screens are read again by themselves: after events, and after a server that was away or
// busy.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Host, shot, wallClock } from './host.mjs'

let host
before(async () => {
  host = await new Host('--background', 'false').start()
})
after(() => host.close())

const tomorrow = wallClock(26 * 60)
const at = (time) => String(Date.parse(`${tomorrow.date}T${time}:00+08:00`) / 1000)
const window = { start: at('09:00'), end: at('11:00') }
const people = { quantity: '2', window, time: { kind: 'TIME_KIND_PEOPLE' } }
const rice = { quantity: '30', window, stock: { resource: 'rice' } }
async function post(page, title, line) {
  const need = { title, category: 'elder_care', areaCode: '341881001001', lines: [line] }
  const answer = await host.api(page, 'POST', '/v1/needs', need)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body
}
// As many events in two seconds as a busy city has in a minute.
async function manyEvents(page, title, line) {
  for (let i = 0; i < 50; ++i) {
    await post(page, `${title}${i}`, line)
    await page.waitForTimeout(15)
  }
}
// When the page asked for what the pattern names.
function times(page, pattern) {
  const found = []
  page.on('request', (r) => {
    if (r.method() === 'GET' && pattern.test(r.url())) found.push(Date.now())
  })
  return found
}
// A page whose random times are all at this place between the least and the most.
async function pageWithChance(as, chance) {
  const page = await host.page({ as })
  await page.addInitScript((c) => {
    Math.random = () => c
  }, chance)
  await page.reload()
  await page.waitForSelector('main h1')
  return page
}
async function setHidden(page, hidden) {
  await page.evaluate((h) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => h })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
}
// The feed was joined, and what might have happened before was read.
const settled = (page) => page.waitForTimeout(5000)
async function done(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.faults, [])
    await page.context().close()
  }
}

test(
  'fifty events cause few readings, none where they do not concern the screen',
  {
    timeout: 120_000,
  },
  async () => {
    const poster = await host.page({ as: 'community' })
    const team = await host.page({ as: 'team' })
    const lead = await host.page({ as: 'lead' })
    await host.go(team, '/for-you')
    await host.go(lead, '/needs?state=open')
    await Promise.all([team.waitForSelector('[data-test=for-you]'), lead.waitForSelector('.need')])
    await settled(lead)
    const lines = times(team, /open-lines/)
    const lists = times(lead, /\/v1\/needs\?/)
    const inboxes = times(lead, /\/v1\/inbox/)
    const teamsInbox = times(team, /\/v1\/inbox/)
    await manyEvents(poster, '大米', rice)
    // What has changed is shown without more ado.
    await lead.getByText('大米49', { exact: true }).waitFor({ timeout: 6000 })
    await settled(lead)
    console.log(
      `50 events: for-you ${lines.length}, needs ${lists.length}, inbox ${inboxes.length}`,
    )
    assert.equal(lines.length, 0, 'a team that gives no rice')
    assert.equal(teamsInbox.length, 0)
    assert.ok(lists.length >= 1 && lists.length <= 2, `${lists.length} readings of the list`)
    assert.ok(inboxes.length <= 2, `${inboxes.length} readings of the inbox`)
    await post(poster, '要人来', people)
    await team.waitForTimeout(1500)
    assert.equal(lines.length, 1, 'one that the team could serve')
    await done(poster, team, lead)
  },
)

test(
  'the page of the city is read seldom, and does show what has changed',
  {
    timeout: 120_000,
  },
  async () => {
    const lead = await pageWithChance('lead', 0)
    const poster = await host.page({ as: 'community' })
    await lead.waitForSelector('[data-test=tallies]')
    const open = async () =>
      Number((await lead.locator('.tally').first().innerText()).replace(/\D/g, ''))
    const earlier = await open()
    const overviews = times(lead, /\/v1\/overview/)
    await manyEvents(poster, '大米又', rice)
    await lead.waitForTimeout(3000)
    assert.equal(overviews.length, 0, 'not within the first ten seconds')
    await lead.waitForFunction(
      (n) => Number(document.querySelector('.tally').innerText.replace(/\D/g, '')) === n,
      earlier + 50,
    )
    assert.equal(overviews.length, 1)
    await done(lead, poster)
  },
)

test(
  'two consoles that hear of the same event do not ask at the same moment',
  {
    timeout: 60_000,
  },
  async () => {
    const soon = await pageWithChance('lead', 0.1)
    const late = await pageWithChance('auditor', 0.9)
    const poster = await host.page({ as: 'community' })
    const asked = []
    for (const page of [soon, late]) {
      await host.go(page, '/needs?state=open')
      await page.waitForSelector('.need')
    }
    await settled(late)
    for (const page of [soon, late]) asked.push(times(page, /\/v1\/needs\?/))
    await post(poster, '两个页面', people)
    for (const page of [soon, late]) await page.getByText('两个页面').waitFor({ timeout: 5000 })
    assert.deepEqual(
      asked.map((a) => a.length),
      [1, 1],
    )
    assert.ok(asked[1][0] - asked[0][0] > 1000, `${asked[1][0] - asked[0][0]} ms apart`)
    await done(soon, late, poster)
  },
)

test(
  'a hidden screen asks for nothing, and is right when it is shown again',
  {
    timeout: 60_000,
  },
  async () => {
    const lead = await host.page({ as: 'lead' })
    const poster = await host.page({ as: 'community' })
    await host.go(lead, '/needs?state=open')
    await lead.waitForSelector('.need')
    await settled(lead)
    await setHidden(lead, true)
    const asked = times(lead, /\/v1\//)
    await post(poster, '没人看着', people)
    await settled(lead)
    assert.equal(asked.length, 0)
    await setHidden(lead, false)
    await lead.getByText('没人看着').waitFor({ timeout: 3000 })
    await done(lead, poster)
  },
)

test(
  'a busy server gets no requests for as long as it says, then one at a time',
  {
    timeout: 60_000,
  },
  async () => {
    const lead = await host.page({ as: 'lead' })
    const poster = await host.page({ as: 'community' })
    await host.go(lead, '/needs?state=open')
    await lead.waitForSelector('.need')
    await settled(lead)
    const asked = times(lead, /\/v1\/needs\?/)
    let busy = true
    let underWay = 0
    let most = 0
    await lead.route(/\/v1\/needs\?/, async (route) => {
      most = Math.max(most, ++underWay)
      await lead.waitForTimeout(500)
      --underWay
      if (!busy) return route.continue()
      return route.fulfill({
        status: 503,
        headers: { 'Retry-After': '4' },
        json: { zh: '太忙', en: 'busy' },
      })
    })
    const events = (async () => {
      for (let i = 0; i < 20; ++i) {
        await post(poster, `忙的时候${i}`, people)
        await poster.waitForTimeout(300)
      }
    })()
    await lead.getByText('会自动重试').waitFor()
    assert.ok((await lead.locator('.need').count()) > 0, 'what was read before stays')
    await events
    busy = false
    await lead.getByText('忙的时候19', { exact: true }).waitFor()
    await lead.getByText('会自动重试').waitFor({ state: 'detached' })
    assert.ok(asked[1] - asked[0] >= 4000, `asked again after ${asked[1] - asked[0]} ms`)
    assert.equal(most, 1, 'one under way')
    await done(lead, poster)
  },
)

test(
  'a screen that could not be read comes back by itself after a restart',
  {
    timeout: 90_000,
  },
  async () => {
    const anybody = await host.page()
    const lead = await host.page({ as: 'lead' })
    // Their code is there; what they show is not.
    await host.go(anybody, '/board')
    await anybody.getByRole('heading', { name: '待接单的需求' }).waitFor()
    await host.go(anybody, '/login')
    await host.go(lead, '/workforce')
    await host.go(lead, '/inbox')
    const unread = await host.page({ as: 'lead' })
    await host.stop('SIGKILL')
    for (const [page, path] of [
      [anybody, '/board'],
      [lead, '/workforce'],
    ]) {
      await page.evaluate((p) => {
        location.hash = p
      }, path)
      await page.getByText('会自动重试').waitFor()
    }
    // The code of this one is not even there.
    await unread.evaluate(() => {
      location.hash = '/policy'
    })
    await unread.getByText('已填写的内容不会丢').waitFor()
    await shot(lead, 'retrying')
    const tries = times(anybody, /\/v1\/recognition/)
    await anybody.waitForTimeout(8000)
    // One after 1 s, 2 s and 4 s, half as long to half as long again; each asks for two kinds.
    assert.ok(tries.length >= 4 && tries.length <= 8, `${tries.length / 2} tries in 8 s`)
    await host.start()
    await anybody.getByRole('heading', { name: '待接单的需求' }).waitFor()
    await lead.getByText('社区工作者').first().waitFor()
    await unread.getByRole('heading', { name: '政策', exact: true }).waitFor()
    await unread.getByText('已填写的内容不会丢').waitFor({ state: 'detached' })
    for (const page of [anybody, lead]) assert.equal(await page.getByText('会自动重试').count(), 0)
    await done(anybody, lead, unread)
  },
)

test(
  'an import continues automatically, as fast as the limits of its sender allow',
  {
    timeout: 90_000,
  },
  async () => {
    const limited = await new Host(
      '--background',
      'false',
      '--write-rate',
      '2',
      '--write-burst',
      '8',
    ).start()
    try {
      const page = await limited.page({ as: 'community' })
      const path = join(limited.folder, 'needs.csv')
      const row = (i) => `慢慢导入${i},城东社区,助老服务,人,2,${tomorrow.date},09:00,11:00`
      const head = '名称,区域,服务类别,种类,数量,日期,开始,结束'
      const rows = Array.from({ length: 10 }, (_, i) => row(i))
      writeFileSync(path, '\ufeff' + [head, ...rows].join('\r\n'))
      await limited.go(page, '/needs/import')
      await page.setInputFiles('input[type=file]', path)
      await page.getByText('10行可以导入').waitFor()
      // Somebody else's changes from the same account use up what it may at once.
      const template = {
        title: '先占用',
        category: 'elder_care',
        areaCode: '341881001001',
        lines: [people],
      }
      const commands = Array.from({ length: 7 }, () => ({ postNeed: { need: template } }))
      assert.equal((await limited.api(page, 'POST', '/v1/batch', { commands })).status, 200)
      await page.getByRole('button', { name: '导入这10条' }).click()
      const clicked = Date.now()
      await page.getByText('已保存10条，共10条').waitFor()
      assert.ok(Date.now() - clicked > 1000, 'it waited')
      await shot(page, 'import-waits')
      const found = (await limited.api(page, 'GET', '/v1/needs?state=open&newest=1&pageSize=50'))
        .body.needs
      assert.equal(found.filter((n) => n.title.startsWith('慢慢导入')).length, 10)
      assert.deepEqual(page.faults, [])
    } finally {
      await limited.close()
    }
  },
)
