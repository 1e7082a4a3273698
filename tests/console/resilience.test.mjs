// What goes wrong in the middle: the session, the line, a second tab, the keyboard alone, a bad
// spreadsheet, ten thousand rows.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
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

async function begin(page, title) {
  await host.go(page, '/needs/new')
  await page.waitForSelector('input[name=title]')
  await page.fill('input[name=title]', title)
  await page.selectOption('select[name=category]', 'elder_care')
}
const called = async (page, title) =>
  (await host.api(page, 'GET', '/v1/needs?state=open&newest=1&pageSize=200')).body.needs.filter(
    (n) => n.title === title,
  ).length

test(
  'a session that ends in the middle of a form loses nothing that was typed',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ as: 'community' })
    await begin(page, '会话中断也不丢')
    await page.locator('aside .tally').first().waitFor()
    // Previews that are refused before the log-in, and whose answers are overtaken by it.
    let arrive
    const overtaken = new Promise((resolve) => {
      arrive = resolve
    })
    await page.route('**/v1/needs:preview', async (route) => {
      const answer = await route.fetch()
      if (answer.status() === 401) await overtaken
      await route.fulfill({ response: answer })
    })
    // The inbox is asked for by itself now and then: it is not to be what finds out that the
    // session has ended, before anything is done.
    const inbox = (await host.api(page, 'GET', '/v1/inbox')).body
    await page.route('**/v1/inbox', (route) => route.fulfill({ json: inbox }))
    await page.context().clearCookies()
    // Of what is typed now: one of what was typed before may still be on its way, and is not
    // refused.
    const ofSeven = (request) =>
      request.url().endsWith('/v1/needs:preview') &&
      Number(request.postDataJSON().need.lines[0].quantity) === 7
    const asked = page.waitForRequest(ofSeven)
    const refused = page.waitForResponse((r) => ofSeven(r.request()) && r.status() === 401)
    await page.fill('input[name=quantity]', '7')
    await asked
    await page.getByRole('button', { name: '发布', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await shot(page, 'session-ended')
    await dialog.locator('input[name=login]').fill('demo-community')
    await dialog.locator('input[name=password]').fill('not this one')
    await page.keyboard.press('Enter')
    await dialog.getByText('登录名或密码不正确').waitFor()
    await dialog.locator('input[name=password]').fill('qiao-demo-2026')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    arrive()
    await refused
    await page.locator('aside .tally').first().waitFor()
    assert.equal(await dialog.isVisible(), false)
    assert.equal(await page.inputValue('input[name=title]'), '会话中断也不丢')
    await page.getByRole('button', { name: '发布', exact: true }).click()
    await page.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
    assert.equal(await called(page, '会话中断也不丢'), 1)
  },
)

test(
  'a reload keeps what was typed; a copy of the tab and the back button make no second need',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ as: 'community' })
    await begin(page, '只发一次')
    await page.waitForTimeout(400)
    await page.reload()
    await page.waitForSelector('input[name=title]')
    assert.equal(await page.inputValue('input[name=title]'), '只发一次')
    // As "duplicate tab" does: the other has the same session storage.
    const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }))
    const copy = await page.context().newPage()
    await host.go(copy, '/board')
    await copy.evaluate((all) => {
      for (const [k, v] of Object.entries(JSON.parse(all))) sessionStorage.setItem(k, v)
    }, kept)
    await copy.goto(`${host.url}/#/needs/new`)
    await copy.waitForSelector('input[name=title]')
    await page.getByRole('button', { name: '发布', exact: true }).click()
    await page.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
    await copy.getByRole('button', { name: '发布', exact: true }).click()
    await copy.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
    assert.equal(await called(page, '只发一次'), 1)
    await page.goBack()
    await page.waitForTimeout(500)
    assert.equal(await called(page, '只发一次'), 1)
  },
)

test(
  'after the server was away the list continues automatically',
  { timeout: 90_000 },
  async () => {
    const team = await host.page({ as: 'team' })
    const coordinator = await host.page({ as: 'community' })
    await host.go(team, '/for-you')
    await team.waitForSelector('[data-test=for-you]')
    await host.stop('SIGKILL')
    // Which of the two depends on whether a request was under way.
    const away = team.getByText(/正在恢复实时更新|连不上服务器/).first()
    await away.waitFor()
    await host.go(coordinator, '/needs')
    await coordinator.getByText('连不上服务器').first().waitFor()
    await shot(coordinator, 'offline')
    await host.start()
    await away.waitFor({ state: 'detached' })
    // Sunday at nine: the demo team comes on Saturdays and weekdays.
    const posted = await host.api(coordinator, 'POST', '/v1/needs', {
      title: '断线之后',
      category: 'elder_care',
      areaCode: '341881001001',
      lines: [{ quantity: '2', time: { kind: 'TIME_KIND_PEOPLE' }, window: nextTuesday() }],
    })
    assert.equal(posted.status, 201, JSON.stringify(posted.body))
    await team.locator('[data-test=for-you] > li', { hasText: '断线之后' }).waitFor()
  },
)

// 09:00 to 11:00 of the next Tuesday in Ningguo, at least a day ahead.
function nextTuesday() {
  const day = new Date(Date.now() + 8 * 3600_000 + 86_400_000)
  while (day.getUTCDay() !== 2) day.setUTCDate(day.getUTCDate() + 1)
  const start = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), 1) / 1000
  return { start: String(start), end: String(start + 7200) }
}

test('the keyboard alone posts a need', { timeout: 60_000 }, async () => {
  const page = await host.page({ as: 'community' })
  await host.go(page, '/inbox')
  const tabTo = async (matches) => {
    for (let i = 0; i < 80; ++i) {
      await page.keyboard.press('Tab')
      if (
        await page.evaluate(
          (m) => new Function('e', `return ${m}`)(document.activeElement),
          matches,
        )
      )
        return
    }
    assert.fail(`the keyboard does not reach ${matches}`)
  }
  await tabTo("e.getAttribute('href') === '#/needs/new'")
  await page.keyboard.press('Enter')
  await page.waitForSelector('input[name=title]')
  await tabTo("e.name === 'title'")
  await page.keyboard.type('只用键盘')
  await tabTo("e.name === 'category'")
  await page.keyboard.press('ArrowDown')
  await tabTo("e.name === 'quantity'")
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => /#\/needs\/\d+$/.test(location.hash))
  assert.equal(await called(page, '只用键盘'), 1)
})

test(
  'a spreadsheet is checked before anything is saved, in UTF-8 and as Excel in China saves it',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ as: 'community' })
    const row = (title, more = '人,2') =>
      `${title},城东社区,助老服务,${more},${tomorrow.date},09:00,11:00`
    const head = '名称,区域,服务类别,种类,数量,日期,开始,结束'
    const good = join(host.folder, 'needs.csv')
    writeFileSync(
      good,
      '\ufeff' +
        [
          head,
          row('导入一'),
          row('导入二', '大米,30'),
          row('数量不对', '人,很多'),
          `过去的,城东社区,助老服务,人,2,2020-01-01,09:00,11:00`,
          row('别处').replace('城东社区', '没有的村'),
        ].join('\r\n'),
    )
    await host.go(page, '/needs/import')
    await page.setInputFiles('input[type=file]', good)
    await page.getByText('2行可以导入').waitFor()
    await page.getByText('数量：类型不对，应为整数').waitFor()
    await page.getByText('开始时间已经过去').waitFor()
    await page.getByText('区域：没有找到名为“没有的村”的区域').waitFor()
    assert.equal(await called(page, '导入一'), 0)
    await shot(page, 'import')
    await page.getByRole('button', { name: '导入这2条' }).click()
    await page.getByText('已保存2条，共2条').waitFor()
    assert.equal((await called(page, '导入一')) + (await called(page, '导入二')), 2)

    // GB 18030: the same title, by its bytes.
    const other = join(host.folder, 'gb.csv')
    const gb = Buffer.from(
      'c3fbb3c62cc7f8d3f22cb7fecef1c0e0b1f02cd6d6c0e02ccafdc1bf2cc8d5c6da2cbfaacabc2cbde1caf80d0ac5e3c0cfc8cb2cb3c7b6abc9e7c7f82cd6fac0cfb7fecef12cc8cb2c322c',
      'hex',
    )
    writeFileSync(other, Buffer.concat([gb, Buffer.from(`${tomorrow.date},09:00,11:00\r\n`)]))
    await host.go(page, '/needs/import')
    await page.setInputFiles('input[type=file]', other)
    await page.getByText('1行可以导入').waitFor()
    writeFileSync(other, 'no,columns\r\n1,2\r\n')
    await page.setInputFiles('input[type=file]', other)
    await page.getByText('没有找到表头行').waitFor()
  },
)

// What Excel writes: days and hours as numbers that only their format makes days and hours.
const xlsx = `
import sys, zipfile
path, date = sys.argv[1], int(sys.argv[2])
text = lambda ref, s: f'<c r="{ref}" t="inlineStr"><is><t>{s}</t></is></c>'
names = ['名称', '区域', '服务类别', '种类', '数量', '日期', '开始', '结束']
heads = ''.join(text(chr(65 + i) + '1', h) for i, h in enumerate(names))
row = ''.join(text(chr(65 + i) + '2', v) for i, v in enumerate(['表格里的一条', '城东社区', '助老服务', '人']))
row += f'<c r="E2"><v>3</v></c><c r="F2" s="1"><v>{date}</v></c><c r="G2" s="2"><v>0.375</v></c><c r="H2" s="2"><v>0.47916666666666669</v></c>'
files = {
  '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
  '_rels/.rels': '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
  'xl/workbook.xml': '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels': '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
  'xl/styles.xml': '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="20"/></cellXfs></styleSheet>',
  'xl/worksheets/sheet1.xml': f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">{heads}</row><row r="2">{row}</row></sheetData></worksheet>',
}
with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
    for name, body in files.items():
        z.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + body)
`

test(
  'a workbook as Excel writes it is read with its days and hours',
  { timeout: 60_000 },
  async () => {
    const page = await host.page({ as: 'community' })
    const path = join(host.folder, 'needs.xlsx')
    const serial = Math.round(Date.parse(`${tomorrow.date}T00:00:00Z`) / 86_400_000) + 25_569
    execFileSync('/usr/bin/python3', ['-c', xlsx, path, String(serial)])
    await host.go(page, '/needs/import')
    await page.setInputFiles('input[type=file]', path)
    await page.getByText('1行可以导入').waitFor()
    await page.getByRole('button', { name: '导入这1条' }).click()
    await page.getByText('已保存1条，共1条').waitFor()
    const need = (await host.api(page, 'GET', '/v1/needs?state=open&newest=1&pageSize=1')).body
      .needs[0]
    assert.equal(need.title, '表格里的一条')
    // Nine o'clock in Ningguo is one in UTC, wherever the browser is.
    const nine = Date.parse(`${tomorrow.date}T01:00:00Z`) / 1000
    assert.deepEqual(need.lines[0].window, { start: String(nine), end: String(nine + 9000) })
    assert.equal(need.lines[0].quantity, '3')
  },
)

test(
  'a list of ten thousand needs draws only what is seen, and scrolls',
  { timeout: 120_000 },
  async () => {
    const page = await host.page({ as: 'lead' })
    const window = nextTuesday()
    const need = (i) => ({
      postNeed: {
        need: {
          title: `第${i}个需求`,
          category: 'elder_care',
          areaCode: '341881001001',
          lines: [{ quantity: '2', time: { kind: 'TIME_KIND_PEOPLE' }, window }],
        },
      },
    })
    await host.batch(
      page,
      Array.from({ length: 10_000 }, (_, i) => need(i)),
    )
    await host.go(page, '/needs')
    await page.locator('.need').first().waitFor()
    const result = await page.evaluate(async () => {
      const scroller = document.querySelector('.scroller')
      const frames = []
      let most = 0
      let last = performance.now()
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
      for (
        let i = 0;
        i < 4000 && scroller.scrollTop + scroller.clientHeight < scroller.scrollHeight - 2;
        ++i
      ) {
        scroller.scrollTop += 1800
        await frame()
        frames.push(performance.now() - last)
        last = performance.now()
        most = Math.max(most, document.querySelectorAll('.need').length)
        // Pages of five hundred come as one goes; waiting for one is not drawing.
        for (
          let wait = 0;
          wait < 200 &&
          scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 2 &&
          !document.querySelector('.need[data-index="10000"]');
          ++wait
        ) {
          await frame()
          last = performance.now()
        }
      }
      frames.sort((a, b) => a - b)
      return {
        frames: frames.length,
        median: frames[Math.floor(frames.length / 2)],
        slow: frames[Math.floor(frames.length * 0.95)],
        most,
        last: Math.max(
          ...[...document.querySelectorAll('.need')].map((n) => Number(n.dataset.index)),
        ),
      }
    })
    console.log(
      `10,000 needs: ${result.frames} frames of 1,800 px, median ${result.median.toFixed(1)} ms, 95 % within ${result.slow.toFixed(1)} ms, at most ${result.most} rows drawn`,
    )
    assert.ok(result.last >= 10_000, `came to row ${result.last}`)
    assert.ok(result.most <= 60, `${result.most} rows were drawn at once`)
    await shot(page, 'ten-thousand')
  },
)
