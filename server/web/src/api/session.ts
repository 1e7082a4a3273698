// Who is logged in, and what its role may do.
import { computed, ref, watch } from 'vue'
import { ask, client, sessionBegan, sessionEnded, type Party, type Schemas } from './client'
import { keepOnlyFor } from './kept'

export type Role =
  'lead' | 'organiser' | 'supplier' | 'member' | 'resident' | 'auditor' | 'anonymous'

const session = ref<Schemas['Session']>()
export const party = ref<Party>()

export const role = computed<Role>(() => {
  const name = session.value?.actor?.role ?? 'ROLE_ANONYMOUS'
  return name.replace('ROLE_', '').toLowerCase() as Role
})
export const known = computed(() => role.value !== 'anonymous')
export const partyId = computed(() => session.value?.actor?.partyId ?? '')
export const timeZone = computed(() => session.value?.timeZone || 'Asia/Shanghai')
export const mapTiles = computed(() => session.value?.mapTiles ?? '')
export const demo = computed(() => session.value?.demo ?? false)
export const account = computed(() => session.value?.account)

export function may(operation: string): boolean {
  return session.value?.operations?.includes(operation) ?? false
}

async function took(next: Schemas['Session']) {
  session.value = next
  keepOnlyFor(next.account?.id ?? '')
  sessionBegan()
  const id = next.actor?.partyId
  party.value = id
    ? await ask(client.GET('/v1/parties/{id}', { params: { path: { id } } }))
    : undefined
}

watch(
  sessionEnded,
  (ended) => {
    if (ended) keepOnlyFor('')
  },
  { flush: 'sync' },
)

export async function refreshSession() {
  await took(await ask(client.GET('/v1/sessions/current')))
}

export async function logIn(login: string, password: string) {
  await took(await ask(client.POST('/v1/sessions', { body: { login, password } })))
}

// Ends all sessions of this account but the one that it begins.
export async function changePassword(oldPassword: string, newPassword: string) {
  await took(
    await ask(
      client.POST('/v1/sessions/current:changePassword', { body: { oldPassword, newPassword } }),
    ),
  )
}

export async function setUp(body: Schemas['SetUpRequest']) {
  await took(await ask(client.POST('/v1/setup', { body })))
}

export async function acceptInvitation(token: string, password: string) {
  await took(await ask(client.POST('/v1/invitations:accept', { body: { token, password } })))
}

export async function logOut() {
  // Also where the server cannot be reached.
  keepOnlyFor('')
  await took(await ask(client.DELETE('/v1/sessions/current')))
}
