// Rounds of clearing in the console: they outlive a restart, and who said no is not asked again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Host } from './host.mjs'

let host
before(async () => {
  host = await new Host('--background', 'false').start()
})
after(() => host.close())

const card = (page) => page.locator('[data-test=clearing]')
const get = async (page, path) => (await host.api(page, 'GET', path)).body

// Starts a round and waits for its end; its number.
async function clear(page) {
  const before = (await card(page).count()) === 0 ? '' : await card(page).locator('h2').innerText()
  await page.getByLabel('最多用时（秒）').fill('1')
  await page.getByRole('button', { name: '开始对接' }).click()
  await page.waitForFunction((old) => {
    const title = document.querySelector('[data-test=clearing] h2')?.innerText ?? ''
    return (
      title !== '' &&
      title.split(' ')[0] !== old.split(' ')[0] &&
      !document.querySelector('[data-test=clearing] progress')
    )
  }, before)
  return (await get(page, '/v1/clearings')).clearings[0]
}
async function dispatchAll(page, id) {
  await card(page).getByRole('button', { name: '全部派单' }).click()
  for (let i = 0; i < 200; ++i) {
    const now = await get(page, `/v1/clearings/${id}`)
    if (now.stage !== 'CLEARING_STAGE_APPLYING' && Number(now.applied ?? 0) > 0) return
    await page.waitForTimeout(100)
  }
  assert.fail('the round is not applied')
}

test(
  'rounds, and what they propose, are there after a restart, and numbers go on',
  {
    timeout: 120_000,
  },
  async () => {
    const lead = await host.page({ as: 'lead' })
    await host.go(lead, '/clearing')
    const round = await clear(lead)
    assert.ok(Number(round.proposals) > 0)
    await card(lead).locator('.list li').first().waitFor()
    const proposed = await card(lead).locator('.list li').count()
    await host.stop()
    await host.start()
    await host.go(lead, '/clearing')
    await lead.reload()
    await card(lead).locator('.list li').first().waitFor()
    assert.equal(await card(lead).locator('.list li').count(), proposed)
    assert.match(await card(lead).locator('h2').innerText(), new RegExp(`${round.id}\\D`))
    assert.equal((await clear(lead)).id, String(Number(round.id) + 1))
    assert.deepEqual(lead.faults, [])
    await lead.context().close()
  },
)

test(
  'a team that declined is not asked for the same line by the next round',
  {
    timeout: 120_000,
  },
  async () => {
    const lead = await host.page({ as: 'lead' })
    await host.go(lead, '/clearing')
    const first = await clear(lead)
    const [asked] = (await get(lead, `/v1/clearings/${first.id}/proposals?pageSize=1`)).proposals
    await dispatchAll(lead, first.id)
    const of = async () =>
      (await get(lead, `/v1/matches?need=${asked.needId}&pageSize=500`)).matches.filter(
        (m) => m.partyId === asked.partyId && (m.line ?? 1) === (asked.line ?? 1),
      )
    const [match] = (await of()).filter((m) => m.state === 'MATCH_STATE_DISPATCHED')
    const declined = await host.api(
      lead,
      'POST',
      `/v1/matches/${match.id}:decline`,
      { reason: '没空' },
      { 'Qiao-Actor': `supplier/${asked.partyId}` },
    )
    assert.equal(declined.status, 200, JSON.stringify(declined.body))
    const second = await clear(lead)
    if (Number(second.proposals ?? 0) > 0) await dispatchAll(lead, second.id)
    const now = await of()
    assert.deepEqual(
      now.filter((m) => m.state === 'MATCH_STATE_DISPATCHED'),
      [],
    )
    assert.deepEqual(lead.faults, [])
    await lead.context().close()
  },
)
