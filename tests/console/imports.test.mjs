// Imports in the console: every kind from where it is listed, the sheet, the heading row and the
// columns of a file as people keep it, what a check says, and that a file makes nothing twice.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Host, shot, wallClock } from './host.mjs'

let host
before(async () => {
  host = await new Host('--background', 'false').start()
})
after(() => host.close())

const tomorrow = wallClock(26 * 60)
const get = async (page, path) => (await host.api(page, 'GET', path)).body
const csv = (name, rows) => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from('\ufeff' + rows.join('\r\n')),
})
const choose = (page, file) => page.setInputFiles('input[type=file]', file)
// {将新增: 2, …}
const counts = async (page) =>
  Object.fromEntries(
    (await page.locator('[data-test=counts] > div').allInnerTexts()).map((text) => {
      const [n, name] = text.split('\n')
      return [name, Number(n)]
    }),
  )
async function done(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.faults, [])
    await page.context().close()
  }
}

test(
  'every kind that a role may import is reached from where it is listed, with its template',
  { timeout: 120_000 },
  async () => {
    const lead = await host.page({ as: 'lead' })
    const enterprise = await host.page({ as: 'enterprise', phone: true })
    const from = async (page, list, name, kind) => {
      await host.go(page, list)
      await page.getByRole('link', { name }).click()
      await page.getByRole('heading', { name: `表格导入：${kind}` }).waitFor()
      const link = page.getByRole('link', { name: '下载模板' })
      const template = await page.evaluate(
        async (path) => {
          const answer = await fetch(path)
          return [answer.status, (await answer.text()).slice(0, 2)]
        },
        await link.getAttribute('href'),
      )
      assert.deepEqual(template, [200, 'PK'], kind)
    }
    await from(lead, '/needs', '表格导入', '需求')
    await from(lead, '/parties', '表格导入', '单位与队伍')
    await from(lead, '/city', '用表格导入区域', '区域')
    await from(enterprise, '/pledges', '表格导入', '供给')
    const kinds = (page) => page.getByRole('navigation', { name: '导入什么' }).getByRole('link')
    assert.deepEqual(await kinds(lead).allInnerTexts(), ['需求', '供给', '单位与队伍', '区域'])
    await kinds(lead).nth(1).click()
    await lead.getByRole('heading', { name: '表格导入：供给' }).waitFor()
    assert.deepEqual(await kinds(enterprise).allInnerTexts(), ['供给', '单位与队伍'])
    await done(lead, enterprise)
  },
)

// A workbook as a community keeps it: notes first, a title above the headings, words of its own.
const workbook = `
import sys, openpyxl
path, date = sys.argv[1:]
book = openpyxl.Workbook()
book.active.title = '说明'
book.active.append(['请各社区按月填写'])
sheet = book.create_sheet('十二月')
sheet.append(['城东社区需求登记', None, None, None])
sheet.append([])
sheet.append(['要做的事', '村子', '什么方面', '要几个人', '哪天', '几点来', '几点走', '负责人'])
for title, people in (('理发', 2), ('量血压', 3), ('陪聊', '很多')):
    sheet.append([title, '城东社区', '助老服务', people, date, '09:00', '11:00', '王五'])
book.save(path)
`

test(
  'the sheet, the heading row and the columns of a workbook are chosen; it makes nothing twice',
  { timeout: 120_000 },
  async () => {
    const page = await host.page({ as: 'community', phone: true })
    const path = join(host.folder, 'december.xlsx')
    execFileSync('/usr/bin/python3', ['-c', workbook, path, tomorrow.date])
    await host.go(page, '/needs/import')
    const again = page.getByRole('button', { name: '重新检查' })
    const columns = {
      A: 'title',
      B: 'area',
      C: 'category',
      D: 'people',
      E: 'date',
      F: 'from',
      G: 'to',
    }
    const asPeopleKeepIt = async () => {
      await choose(page, path)
      await page.getByText('没有找到表头行').waitFor()
      await page.getByLabel('工作表').selectOption('十二月')
      await again.click()
      await page.getByText('城东社区需求登记').first().waitFor({ state: 'attached' })
      await page.getByLabel('表头在哪一行').selectOption('3')
      await again.click()
      await page.getByText(/^还缺必须有的列：区域、名称/).waitFor()
      await page.getByText(/^这些列不认识，不会导入：要做的事、.*、负责人/).waitFor()
      for (const [letter, field] of Object.entries(columns))
        await page.locator(`select[name=${letter}]`).selectOption(field)
      // A field is given to one column.
      const other = page.locator('select[name=H] option[value=title]')
      assert.equal(await other.isDisabled(), true)
      await again.click()
    }
    await asPeopleKeepIt()
    await page.getByText('2行可以导入').waitFor()
    await page.getByText('这些列不认识，不会导入：负责人').waitFor()
    assert.deepEqual(await counts(page), { 将新增: 2, 将更改: 0, 没有变化: 0, 有问题: 1 })
    const bad = page.getByRole('row', { name: /陪聊/ })
    assert.deepEqual(await bad.getByRole('cell').allInnerTexts(), [
      '6',
      '陪聊',
      '要几个人：类型不对，应为整数',
    ])
    await shot(page, 'import-mapped')
    await page.getByRole('button', { name: '将新增：2' }).click()
    await page.getByRole('cell', { name: '量血压' }).waitFor()
    await page.getByRole('button', { name: '导入这2条' }).click()
    await page.getByText('已保存2条，共2条').waitFor()
    await page.getByText('请在表格中改好这些行').waitFor()
    // The button is gone; the keyboard continues at the outcome.
    assert.equal(await page.evaluate(() => document.activeElement.className), 'outcome')
    await page.getByRole('button', { name: '已新增：2' }).click()
    const made = page.getByRole('row', { name: /理发/ }).getByRole('link')
    const need = (await made.getAttribute('href')).replace('#', '/v1')
    assert.equal((await get(page, need)).title, '理发')
    await asPeopleKeepIt()
    await page.getByText('已保存2条，共2条').waitFor()
    assert.equal(await page.getByRole('button', { name: /^导入这/ }).count(), 0)
    assert.deepEqual(await counts(page), {
      将新增: 0,
      将更改: 0,
      没有变化: 0,
      以前已导入: 2,
      有问题: 1,
    })
    await done(page)
  },
)

test(
  'a check tells what is new, changed and unchanged, and two rows with the same key',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ as: 'lead' })
    const [changed, same] = (await get(page, '/v1/areas?pageSize=500')).areas
      .filter((a) => a.level === 'AREA_LEVEL_COMMUNITY')
      .slice(-2)
    const degrees = (e7) => (e7 / 1e7).toFixed(7)
    const row = (a, name = a.name) =>
      [a.code, name, '村社区', a.parentCode, degrees(a.point.latitudeE7)]
        .concat(degrees(a.point.longitudeE7))
        .join(',')
    const added = { ...changed, code: '341881001999' }
    const file = csv('areas.csv', [
      '编码,名称,层级,上级编码,纬度,经度',
      row(changed, '改了名的社区'),
      row(same),
      row(added, '新建的社区'),
      row(added, '重复的社区'),
    ])
    // Its areas are read before the import; afterwards they are the new ones.
    await host.go(page, '/needs')
    await page.locator('.near select').waitFor()
    await page.getByRole('link', { name: '表格导入' }).click()
    await page.getByRole('link', { name: '区域', exact: true }).click()
    await choose(page, file)
    await page.getByText('2行可以导入').waitFor()
    assert.deepEqual(await counts(page), { 将新增: 1, 将更改: 1, 没有变化: 1, 有问题: 1 })
    await page.getByText('编码：“341881001999（第4行）”重复').waitFor()
    const problems = page.getByRole('link', { name: '下载有问题的行' })
    const [saved] = await Promise.all([page.waitForEvent('download'), problems.click()])
    assert.match(readFileSync(await saved.path(), 'utf8'), /\r\n5,重复的社区,编码：/)
    await page.getByRole('button', { name: '导入这2条' }).click()
    await page.getByText('已保存3条，共3条').waitFor()
    assert.deepEqual(await counts(page), { 已新增: 1, 已更改: 1, 没有变化: 1, 有问题: 1 })
    await page.getByRole('link', { name: '需求', exact: true }).first().click()
    const names = await page.locator('.near option').allInnerTexts()
    assert.ok(names.includes('新建的社区') && names.includes('改了名的社区'), names.join())
    await done(page)
  },
)

test(
  'nothing moves on the screen while a file is checked again and saved',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ as: 'community', phone: true })
    const head = '名称,区域,服务类别,种类,数量,日期,开始,结束'
    const row = (i) => `不动${i},城东社区,助老服务,人,2,${tomorrow.date},09:00,11:00`
    await host.go(page, '/needs/import')
    await choose(page, csv('needs.csv', [head, row(1), row(2), row('坏').replace(',2,', ',两个,')]))
    await page.getByRole('cell', { name: '不动坏' }).waitFor()
    const tops = () =>
      page
        .locator('[data-test=counts], details, section')
        .evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().top + scrollY)))
    const before = await tops()
    // The server's answers are late, so that there is something to see while it works.
    let answer
    const late = new Promise((resolve) => {
      answer = resolve
    })
    await page.route(/\/v1\/imports\/\d+/, async (route) => {
      await late
      await route.continue()
    })
    await page.getByText('表格怎么读').click()
    const opened = await tops()
    await page.getByRole('button', { name: '重新检查' }).click()
    await page.getByRole('progressbar').waitFor()
    assert.deepEqual(await tops(), opened)
    await page.getByText('表格怎么读').click()
    answer()
    await page.getByText('2行可以导入').waitFor()
    await page.getByRole('cell', { name: '不动坏' }).waitFor()
    assert.deepEqual(await tops(), before)
    await page.getByRole('button', { name: '导入这2条' }).click()
    await page.getByText('已保存2条，共2条').waitFor()
    const [counted] = await tops()
    assert.ok(Math.abs(counted - before[0]) <= 8, `${counted} for ${before[0]}`)
    await done(page)
  },
)
