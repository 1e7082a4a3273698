// The to-do list of the account: read once for the number in the menu and the page that lists
// it.
import { inject, provide, type InjectionKey } from 'vue'
import { ask, client, type Schemas } from '@/api/client'
import { inArea } from '@/api/city'
import type { LiveEvent } from '@/api/live'
import { account, may, party, role } from '@/api/session'
import { useLoad } from '@/ui/load'
import { shared, type Pace } from '@/ui/reload'

type Inbox = Schemas['Inbox']

async function read(): Promise<Inbox> {
  return may('getInbox') ? ask(client.GET('/v1/inbox')) : {}
}

// The states in which a need waits for its organiser or its resident.
const waitingStates = /SUBMITTED|OPEN|DONE/

function concerns(event: LiveEvent, inbox: Inbox | undefined): boolean {
  const { match, need } = event
  if (!may('getInbox') || (match === undefined && need === undefined)) return false
  if (inbox?.items?.some((item) => item.needId === event.needId)) return true
  switch (role.value) {
    case 'lead':
    case 'organiser':
      if (!inArea(event.areaCode, party.value?.areaCode)) return false
      return match !== undefined || waitingStates.test(need?.state ?? '')
    case 'resident':
      return need?.residentRef !== undefined && need.residentRef === account.value?.residentRef
    default:
      return match !== undefined
  }
}

// It stands in the window's title, where it is seen from another tab.
const pace: Pace = { ...shared, hidden: [30_000, 60_000] }
const useReader = () => useLoad(read, { concerns, pace })
type Reader = ReturnType<typeof useReader>
const key: InjectionKey<Reader> = Symbol('inbox')

// For the shell, which outlives its pages.
export function provideInbox(): Reader {
  const reader = useReader()
  provide(key, reader)
  return reader
}
export function useInbox(): Reader {
  const reader = inject(key)
  if (reader === undefined) throw new Error('the shell provides the inbox')
  return reader
}
