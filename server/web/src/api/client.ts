// The one place that talks to the server: /v1 only, typed from openapi.json.
import createClient from 'openapi-fetch'
import { ref } from 'vue'
import { language, t } from '@/texts'
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type Need = Schemas['Need']
export type Line = Schemas['RequirementLine']
export type Match = Schemas['Match']
export type Offer = Schemas['Offer']
export type Party = Schemas['Party']
export type Area = Schemas['Area']
export type RankedPair = Schemas['RankedPair']
export type Policy = Schemas['Policy']

// Controls that reverse the text around them (Unicode UAX #9: embeddings, overrides, isolates).
// They are neither sent nor shown: a title must not reverse what stands beside it.
const withoutBidi = (text: string) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '')

export const client = createClient<paths>({
  baseUrl: '/',
  headers: { Accept: 'application/json' },
  bodySerializer: (body) => withoutBidi(JSON.stringify(body)),
})
// Which history the server tells. After a backup was restored numbers come again for other
// things: what this page has read is of no use any more, so it is read again.
export const epoch = ref<string>()
function notice(told: string | null) {
  if (told === null || told === epoch.value) return
  if (epoch.value !== undefined) location.reload()
  epoch.value = told
}

client.use({
  async onResponse({ response }) {
    notice(response.headers.get('Qiao-Epoch'))
    // 204 and 304 have no body, and no Response may be made with one.
    if (!response.headers.get('Content-Type')?.includes('json')) return undefined
    const { status, statusText, headers } = response
    return new Response(withoutBidi(await response.text()), { status, statusText, headers })
  },
})

// A refusal, in the server's own words.
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Schemas['Problem'],
    // Seconds; 0 where the server does not say.
    readonly retryAfter = 0,
  ) {
    super(problem.en || String(status))
  }
  get words(): string {
    const { zh, en, title } = this.problem
    const said = (language() === 'zh' ? zh : en) || title
    return said || (this.passes ? t('form.unreachable') : String(this.status))
  }
  // It passes by itself: too many requests, or a server or proxy that is starting, busy or away.
  get passes(): boolean {
    return [429, 502, 503, 504].includes(this.status)
  }
  get field(): string {
    return this.problem.field ?? ''
  }
  get code(): string {
    return this.problem.code ?? ''
  }
  // The session has ended. A wrong password is another 401.
  get loggedOut(): boolean {
    return this.code === 'auth.required'
  }
}

// The line is down, or the server is.
export class Unreachable extends Error {}

// Whether the last request went through; what the banner shows.
export const online = ref(true)
// Somebody's session has ended in the middle of something: log in again, and what was typed stays.
export const sessionEnded = ref(false)
let sessions = 0
// A session has begun, or was found: what was asked before it says nothing about it.
export function sessionBegan() {
  ++sessions
  sessionEnded.value = false
}

type Answered<T> = Promise<{ data?: T; error?: unknown; response: Response }>

// The data of an answer; throws Refused or Unreachable.
export async function ask<T>(request: Answered<T>): Promise<T> {
  const askedIn = sessions
  let answer: Awaited<Answered<T>>
  try {
    answer = await request
  } catch {
    online.value = false
    throw new Unreachable()
  }
  online.value = true
  if (answer.response.ok) return answer.data as T
  const problem = (
    typeof answer.error === 'object' && answer.error !== null ? answer.error : {}
  ) as Schemas['Problem']
  const wait = Number(answer.response.headers.get('Retry-After') ?? 0)
  const refused = new Refused(answer.response.status, problem, Number.isFinite(wait) ? wait : 0)
  // A refusal that the log-in has overtaken would ask for a second one.
  if (refused.loggedOut && askedIn === sessions) sessionEnded.value = true
  throw refused
}

// Whether the server hands out the console now.
export async function reachable(): Promise<boolean> {
  const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  return answer?.ok ?? false
}

// One for each thing somebody does: pressed twice, or sent again after a lost answer, it is done
// once.
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

// 64-bit numbers come as text, and what is nought is left out.
export function num(value: string | number | undefined): number {
  return value === undefined ? 0 : Number(value)
}

// All pages of a list, up to a bound.
export async function pages<T>(
  fetch: (token: string | undefined) => Promise<{ nextPageToken?: string; items: T[] }>,
  most = 10_000,
): Promise<T[]> {
  const all: T[] = []
  let token: string | undefined
  do {
    const page = await fetch(token)
    all.push(...page.items)
    token = page.nextPageToken || undefined
  } while (token !== undefined && all.length < most)
  return all
}
