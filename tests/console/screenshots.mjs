// The pictures of docs/, made from the running console: tools/screenshots calls it. Not a test.
//
// The demo city is the same each time except for today's date, so that other pictures come of other
// dates. A file that is larger than MOST_BYTES makes this fail.
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Host, wallClock } from './host.mjs'

const MOST_BYTES = 120_000
const folder = join(process.env.QIAO_SOURCE, 'docs/pictures')
mkdirSync(folder, { recursive: true })

const host = await new Host('--background', 'false').start()
const tooLarge = []

async function picture(page, name) {
  await page.waitForLoadState('networkidle')
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path, animations: 'disabled' })
  const bytes = statSync(path).size
  if (bytes > MOST_BYTES) tooLarge.push(`${name}: ${bytes} bytes`)
  console.log(`${path}  ${Math.ceil(bytes / 1000)} kB`)
}

// The element's top stands a little below the window's.
async function scrollTo(locator) {
  await locator.evaluate((e) => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 12))
}

async function open(as, language, phone = false) {
  const page = await host.page({ as, phone, language })
  page.setDefaultTimeout(60_000)
  // English menus are longer.
  const desk = language === 'zh' ? { width: 1024, height: 640 } : { width: 1180, height: 560 }
  if (!phone) await page.setViewportSize(desk)
  return page
}

async function lead() {
  const page = await open('lead', 'zh')
  await host.go(page, '/clearing')
  await page.getByRole('button', { name: '开始对接' }).click()
  await page.getByText(/任何方案都不会超过/).waitFor()
  await picture(page, 'clearing')
  await host.go(page, '/city')
  // Gaps are found after the clearing.
  await page.locator('h2', { hasText: '最缺什么' }).locator('..').locator('li').first().waitFor()
  await picture(page, 'city')
  const english = await open('lead', 'en')
  await host.go(english, '/city')
  await english.locator('.leaflet-container').waitFor()
  await picture(english, 'city.en')
}

// The team can come at any hour, so that the pictures do not depend on when they are made.
async function offer(page) {
  await host.go(page, '/pledges/new')
  await page.getByRole('button', { name: '人员', exact: true }).click()
  await page.fill('input[name=title]', '陪诊志愿者')
  await page.fill('input[name=quantity]', '8')
  for (const day of ['周一', '周二', '周三', '周四', '周五']) await page.getByLabel(day).check()
  await page.getByLabel('开始').fill('00:00')
  await page.getByLabel('结束').fill('00:00')
  await page.getByRole('button', { name: '登记' }).click()
  await page.getByText('陪诊志愿者').first().waitFor()
}

async function fillNeed(page) {
  const from = wallClock(3 * 24 * 60)
  await page.fill('input[name=title]', '陪独居老人看病')
  await page.selectOption('select[name=category]', 'elder_care')
  await page.fill('input[name=date]', from.date)
  await page.fill('input[name=from]', '14:00')
  await page.fill('input[name=to]', '16:00')
}

async function service() {
  const team = await open('team', 'zh', true)
  await offer(team)
  const coordinator = await open('community', 'zh')
  await host.go(coordinator, '/needs/new')
  await fillNeed(coordinator)
  await coordinator.fill('input[name=quantity]', '4')
  await coordinator.locator('aside .tally').first().waitFor()
  await coordinator.evaluate(() => window.scrollTo(0, 0))
  await picture(coordinator, 'post')
  await coordinator.getByRole('button', { name: '发布', exact: true }).click()
  await coordinator.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
  const need = (await coordinator.evaluate(() => location.hash)).split('/').pop()

  await host.go(team, '/for-you')
  const card = team.locator('[data-test=for-you] > li', { hasText: '陪独居老人看病' }).first()
  await card.getByRole('button', { name: '为什么' }).click()
  await card.locator('.factors li').first().waitFor()
  await scrollTo(card)
  await picture(team, 'for-you')

  const english = await open('community', 'en')
  await host.go(english, `/needs/${need}`)
  for (const [page, who, why, name] of [
    [english, 'Candidates', 'Why', 'dispatch.en'],
    [coordinator, '谁合适', '为什么', 'dispatch'],
  ]) {
    await page.getByRole('button', { name: who }).click()
    const row = page.locator('ol.list > li').first()
    await row.getByRole('checkbox').check()
    await row.getByRole('button', { name: why, exact: true }).click()
    await row.locator('.factors li').first().waitFor()
    await scrollTo(page.locator('ol.list').first().locator('..'))
    await picture(page, name)
    await row.getByRole('checkbox').uncheck()
  }
  await coordinator
    .locator('ol.list > li', { hasText: '贤娘熟得' })
    .first()
    .getByRole('checkbox')
    .check()
  await coordinator.getByRole('button', { name: '派单给选中的1家' }).click()
  await coordinator.getByText('已派单').first().waitFor()

  await host.go(team, '/tasks')
  const asked = team.locator('[data-test=tasks-answer]')
  await asked.getByRole('link', { name: '陪独居老人看病' }).first().click()
  await team.getByRole('button', { name: '婉拒' }).waitFor()
  await picture(team, 'task')
}

async function resident() {
  const page = await open('resident', 'zh', true)
  await host.go(page, '/needs/new')
  await fillNeed(page)
  await page.getByLabel('社区', { exact: true }).selectOption({ label: '城东社区居委会' })
  await picture(page, 'resident')
  await page.getByRole('button', { name: '发布', exact: true }).click()
  await page.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
}

async function inbox() {
  const page = await open('community', 'zh', true)
  await host.go(page, '/inbox')
  await page.getByRole('button', { name: '审核通过' }).first().waitFor()
  await picture(page, 'inbox')
}

async function enterprise() {
  const page = await open('enterprise', 'zh', true)
  await host.go(page, '/pledges/new')
  await page.fill('input[name=title]', '捐赠大米')
  await page.getByLabel('物资').selectOption('rice')
  await page.fill('input[name=quantity]', '500')
  await picture(page, 'pledge')
}

async function board() {
  const page = await open(undefined, 'zh', true)
  await host.go(page, '/board')
  await page.locator('ul.list > li').first().waitFor()
  await picture(page, 'board')
}

try {
  for (const scene of [lead, service, resident, inbox, enterprise, board]) await scene()
} finally {
  await host.close()
}
if (tooLarge.length > 0) throw new Error(`larger than ${MOST_BYTES} bytes: ${tooLarge.join(', ')}`)
