// Each of the four from log-in to the end, in two browsers at once where two sides meet.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Host, patience, shot, wallClock } from './host.mjs'

let host
before(async () => {
  host = await new Host('--background', 'false').start()
})
after(() => host.close())

const soon = () => wallClock(20 + host.minutesAhead)
const later = () => wallClock(140 + host.minutesAhead)

async function fillNeed(
  page,
  { title, category = 'elder_care', date = soon().date, from = soon().time, to = later().time },
) {
  await page.waitForSelector('input[name=title]')
  await page.fill('input[name=title]', title)
  await page.selectOption('select[name=category]', category)
  await page.fill('input[name=date]', date)
  await page.fill('input[name=from]', from)
  await page.fill('input[name=to]', to)
}
const clean = (page) => assert.deepEqual(page.faults, [])

test(
  'a need is posted, claimed, dispatched, served, verified and reviewed, each side seeing the other at once',
  { timeout: 180_000 },
  async () => {
    const team = await host.page({ as: 'team', phone: true })
    const coordinator = await host.page({ as: 'community', phone: true })

    // The team can come at any hour, on any day, and can what nobody else in the demo city can:
    // whom else the test might meet, and in what order, depends on the hour at which it runs.
    await host.go(team, '/pledges/new')
    await team.getByRole('button', { name: '人员', exact: true }).click()
    await team.fill('input[name=title]', '随时可以来')
    await team.fill('input[name=quantity]', '9')
    for (const day of ['周一', '周二', '周三', '周四', '周五']) await team.getByLabel(day).check()
    await team.getByText('技能与资质').click()
    await team.getByLabel('畲族文化').check()
    await team.getByLabel('开始').fill('00:00')
    await team.getByLabel('结束').fill('00:00')
    await team.getByRole('button', { name: '登记' }).click()
    await team.getByText('随时可以来').first().waitFor()
    await host.go(team, '/for-you')
    await team.waitForSelector('[data-test=for-you]')

    // A refusal marks its field in the server's words, and nothing typed is lost.
    await host.go(coordinator, '/needs/new')
    await fillNeed(coordinator, { title: '陪独居老人看病', date: '2020-01-04' })
    await coordinator.getByRole('button', { name: '发布', exact: true }).click()
    await coordinator.getByText('开始时间已经过去').first().waitFor()
    assert.equal(await coordinator.inputValue('input[name=title]'), '陪独居老人看病')
    await shot(coordinator, 'coordinator-refused')

    // Beside the form stands who could come, as it is typed.
    await coordinator.fill('input[name=date]', soon().date)
    await coordinator.fill('input[name=quantity]', '6')
    await coordinator.getByLabel('技能').selectOption('she_language')
    await coordinator.locator('aside .tally').first().waitFor()
    await shot(coordinator, 'coordinator-post')

    // Pressed twice: one need. And the team sees it within a second.
    const begin = Date.now()
    await coordinator.getByRole('button', { name: '发布', exact: true }).dblclick()
    const card = team.locator('[data-test=for-you] > li', { hasText: '陪独居老人看病' })
    await card.waitFor()
    const took = Date.now() - begin
    console.log(`a new need was on the team's screen after ${took} ms`)
    await coordinator.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
    const need = (await coordinator.evaluate(() => location.hash)).split('/').pop()
    const all = await host.api(coordinator, 'GET', '/v1/needs?state=open&newest=1&pageSize=50')
    assert.equal(all.body.needs.filter((n) => n.title === '陪独居老人看病').length, 1)

    // Why, then part of it.
    await card.getByRole('button', { name: '为什么' }).click()
    await card.locator('.factors li').first().waitFor()
    await shot(team, 'team-for-you')
    await card.getByRole('button', { name: /认领/ }).click()
    await team.getByLabel('认领多少').fill('4')
    await team.getByRole('dialog').getByRole('button', { name: '认领' }).click()
    await team.getByText('已认领“陪独居老人看病”').waitFor()
    await coordinator.getByText('4 / 6').first().waitFor()

    // More than is free is refused: nobody is booked twice.
    await card.getByRole('button', { name: /认领/ }).click()
    await team.getByRole('dialog').waitFor()
    assert.equal(await team.getByLabel('认领多少').getAttribute('max'), '2')
    await team.keyboard.press('Escape')

    // The rest is dispatched to the same team, which says no; then again, and it says yes.
    await coordinator.getByRole('button', { name: '谁合适' }).click()
    const row = coordinator.locator('ol.list > li', { hasText: '贤娘熟得' }).first()
    await row.getByRole('checkbox').check()
    await row.getByRole('button', { name: '为什么' }).click()
    await shot(coordinator, 'coordinator-candidates')
    await coordinator.getByRole('button', { name: '派单给选中的1家' }).click()
    await coordinator.getByText('已派单').first().waitFor()

    await host.go(team, '/tasks')
    await team
      .locator('[data-test=tasks-answer]')
      .getByRole('link', { name: '陪独居老人看病' })
      .click()
    await team.getByRole('button', { name: '婉拒' }).click()
    await team.getByLabel('原因').fill('人手不够')
    await team.getByRole('dialog').getByRole('button', { name: '确定' }).click()
    await team.getByText('已婉拒').first().waitFor()
    await coordinator.getByText('人手不够').first().waitFor()
    await shot(team, 'team-declined')

    // The check-in code.
    await coordinator.getByRole('button', { name: '现场签到码' }).click()
    const code = await coordinator.locator('.site .tally').innerText()
    await coordinator.locator('svg.qr').waitFor()
    await shot(coordinator, 'coordinator-site-code')

    await host.go(team, '/tasks')
    await team
      .locator('[data-test=tasks-ahead]')
      .getByRole('link', { name: '陪独居老人看病' })
      .click()
    await team.fill('input[name=code]', 'AAAA-AAAA')
    await team.getByRole('button', { name: '签到' }).click()
    await team.getByText('签到码不对').waitFor()
    await team.goto(`${host.url}/#/check-in/${need}/${code}`)
    await team.getByText('已签到，辛苦了！').waitFor()
    await team.getByRole('link', { name: '查看任务' }).click()
    await team.getByText('现场签到').waitFor()
    // Nothing is served before its window.
    await team.getByRole('button', { name: '签退' }).click()
    await team.getByText('时间未到').first().waitFor()
    await host.wait(25)
    await team.reload()
    await team.getByRole('button', { name: '签退' }).click()
    await team.getByText('已签退').first().waitFor()
    await shot(team, 'team-served')

    await host.go(coordinator, '/inbox')
    const verify = coordinator
      .locator('li', { hasText: '陪独居老人看病' })
      .getByRole('button', { name: /确认完成/ })
    await verify.click()
    await verify.waitFor({ state: 'detached' })
    await shot(coordinator, 'coordinator-inbox')

    await host.go(team, '/record')
    await team.getByText('志愿服务证明').waitFor()
    await team.getByRole('cell', { name: /陪独居老人看病/ }).waitFor()
    await shot(team, 'team-certificate')
    await host.go(team, '/tasks')
    await team.getByRole('button', { name: '生成订阅地址' }).click()
    const address = await team.locator('code').innerText()
    const feed = await fetch(address)
    assert.equal(feed.status, 200)
    assert.match(feed.headers.get('content-type'), /text\/calendar/)
    assert.match(await feed.text(), /SUMMARY:陪独居老人看病 ×4/)
    // The address shows the calendar and nothing else.
    const token = new URL(address).searchParams.get('token')
    assert.equal(
      (await fetch(`${host.url}/v1/inbox`, { headers: { Authorization: `Bearer ${token}` } }))
        .status,
      403,
    )
    clean(team)
    clean(coordinator)
    assert.ok(took <= patience)
  },
)

test(
  'an enterprise pledges, adopts a micro-wish, sees where each unit went, and its tally grows',
  { timeout: 180_000 },
  async () => {
    const coordinator = await host.page({ as: 'community' })
    const enterprise = await host.page({ as: 'enterprise' })

    await host.go(enterprise, '/pledges/new')
    await enterprise.fill('input[name=title]', '爱心书包')
    await enterprise.getByLabel('物资').selectOption('school_bag')
    await enterprise.getByRole('button', { name: '登记' }).click()
    // The browser asks for the number before the server has to.
    assert.equal(
      await enterprise.evaluate(
        () => document.querySelector('input[name=quantity]').validity.valueMissing,
      ),
      true,
    )
    await enterprise.fill('input[name=quantity]', '50')
    await enterprise.getByRole('button', { name: '登记' }).click()
    await enterprise.getByText('书包 50个').waitFor()
    await host.go(enterprise, '/wishes')

    await host.go(coordinator, '/needs/new')
    await fillNeed(coordinator, { title: '小桥想要一个书包', category: 'goods' })
    await coordinator.getByRole('button', { name: '＋ 物资' }).click()
    await coordinator.getByRole('button', { name: /删除/ }).first().click()
    await coordinator.getByRole('combobox', { name: '物资' }).selectOption('school_bag')
    await coordinator.getByText('更多（').click()
    await coordinator.getByLabel('所属项目').selectOption('micro_wish')
    await coordinator.getByRole('button', { name: '发布', exact: true }).click()
    await coordinator.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))

    const wish = enterprise.locator('li', { hasText: '小桥想要一个书包' })
    await wish.getByRole('button', { name: /认领/ }).click()
    await enterprise.getByText('已认领“小桥想要一个书包”').waitFor()
    await wish.waitFor({ state: 'detached' })
    await shot(enterprise, 'enterprise-wishes')

    const [match] = (
      await host.api(
        coordinator,
        'GET',
        `/v1/matches?need=${(await coordinator.evaluate(() => location.hash)).split('/').pop()}`,
      )
    ).body.matches
    await host.go(enterprise, `/tasks/${match.id}`)
    await enterprise.getByRole('button', { name: '签到' }).click()
    await enterprise.getByRole('button', { name: '签退' }).waitFor()
    await host.wait(25)
    await enterprise.reload()
    await enterprise.getByRole('button', { name: '签退' }).click()
    await enterprise.getByText('已签退').first().waitFor()

    await host.go(enterprise, '/pledges')
    await enterprise
      .locator('.tallies > div', { hasText: '实现微心愿' })
      .locator('.tally', { hasText: '1' })
      .waitFor()
    await enterprise
      .locator('li', { hasText: '爱心书包' })
      .getByRole('button', { name: /去了哪里/ })
      .click()
    await enterprise.getByText('书包 1个').first().waitFor()
    await shot(enterprise, 'enterprise-pledges')

    await coordinator.getByLabel('5 ★').check()
    await coordinator.getByRole('button', { name: '提交评价' }).click()
    await coordinator.getByText('已评价').first().waitFor()
    await shot(coordinator, 'coordinator-reviewed')
    clean(enterprise)
    clean(coordinator)
  },
)

test(
  'the lead sees the city, clears it, tries a policy and then sets it, counts its workforce and takes a report along',
  { timeout: 240_000 },
  async () => {
    const lead = await host.page({ as: 'lead' })
    await lead.locator('[data-test=tallies]').waitFor()
    await lead.locator('.leaflet-container').waitFor()
    await lead.getByText('等待最久的需求').waitFor()

    await host.go(lead, '/clearing')
    await lead.getByRole('button', { name: '开始对接' }).click()
    await lead.locator('[data-test=clearing]').getByText('完成', { exact: true }).waitFor()
    await lead.getByText(/任何方案都不会超过/).waitFor()
    await shot(lead, 'lead-clearing')
    await lead.getByRole('button', { name: '全部派单' }).click()
    await lead.getByText(/已生效\d+条/).waitFor()

    await host.go(lead, '/policy')
    await lead.getByRole('slider', { name: /公平系数/ }).focus()
    for (let i = 0; i < 10; ++i) await lead.keyboard.press('ArrowRight')
    const before = (await host.api(lead, 'GET', '/v1/policy')).body.version
    await lead.getByRole('button', { name: '试算效果' }).click()
    await lead.locator('[data-test=trial] table').waitFor({ timeout: 60_000 })
    assert.equal(
      (await host.api(lead, 'GET', '/v1/policy')).body.version,
      before,
      'a trial changes nothing',
    )
    await shot(lead, 'lead-policy')
    await lead.getByRole('button', { name: '保存并生效' }).click()
    await lead.getByText('移动滑块后点').waitFor()
    assert.notEqual((await host.api(lead, 'GET', '/v1/policy')).body.version, before)

    await host.go(lead, '/workforce')
    await lead.getByText('每万名常住居民18名社区工作者').waitFor()
    await shot(lead, 'lead-workforce')
    await host.go(lead, '/reports')
    await lead.getByRole('cell', { name: '合计' }).waitFor()
    const [file] = await Promise.all([
      lead.waitForEvent('download'),
      lead.getByRole('link', { name: '导出表格' }).click(),
    ])
    assert.match(file.suggestedFilename(), /^qiao-programme-.*\.csv$/)
    await shot(lead, 'lead-reports')
    await host.go(lead, '/parties')
    await lead.getByLabel('单位名称').fill('贤娘熟得')
    await lead.locator('li strong', { hasText: '贤娘熟得' }).waitFor()
    await host.go(lead, '/city')
    await lead
      .getByText(/每周.点|每周|多一名/)
      .first()
      .waitFor()
    await shot(lead, 'lead-city')
    clean(lead)
  },
)

test(
  'anybody sees the board; who is not logged in comes back to where it wanted to go',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ phone: true })
    await host.go(page, '/board')
    await page.getByRole('heading', { name: '待接单的需求' }).waitFor()
    await page.locator('ul.list > li').first().waitFor()
    await shot(page, 'public-board')
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Open needs' }).waitFor()
    await page.goto(`${host.url}/#/tasks`)
    await page.waitForFunction(() => location.hash.startsWith('#/login'))
    await page.fill('input[name=login]', 'demo-team')
    await page.fill('input[name=password]', 'wrong password')
    await page.keyboard.press('Enter')
    await page.locator('[role=alert]').waitFor()
    await page.fill('input[name=password]', 'qiao-demo-2026')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Tasks' }).waitFor()
    clean(page)
  },
)
