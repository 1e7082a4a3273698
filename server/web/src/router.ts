// One folder a screen, loaded when it is wanted: whoever claims a task downloads nothing of the
// lead department's.
import { START_LOCATION, createRouter, createWebHashHistory } from 'vue-router'
import { known, party, role } from './api/session'
import { lazily } from './ui/lazily'

export function home(): string {
  switch (role.value) {
    case 'lead':
    case 'auditor':
      return '/city'
    case 'organiser':
      return '/inbox'
    case 'supplier':
      return party.value?.kind === 'PARTY_KIND_ENTERPRISE' ? '/pledges' : '/for-you'
    case 'member':
      return '/tasks'
    case 'resident':
      return '/needs'
    default:
      return '/board'
  }
}

declare module 'vue-router' {
  interface RouteMeta {
    // Key of the screen's name, for the window's title.
    title: string
    // Anybody may see it.
    open?: boolean
  }
}

export const router = createRouter({
  history: createWebHashHistory(),
  // The first screen is at its top as it is; to say so would lay it out once more.
  scrollBehavior: (_to, from, saved) => saved ?? (from === START_LOCATION ? undefined : { top: 0 }),
  routes: [
    { path: '/', redirect: () => home() },
    {
      path: '/board',
      component: lazily(() => import('./board/PublicBoard.vue')),
      meta: { title: 'nav.board', open: true },
    },
    {
      path: '/login',
      component: lazily(() => import('./access/LogIn.vue')),
      meta: { title: 'nav.login', open: true },
    },
    {
      path: '/setup/:token',
      component: lazily(() => import('./access/SetUp.vue')),
      meta: { title: 'access.setUp', open: true },
    },
    {
      path: '/invitation/:token',
      component: lazily(() => import('./access/SetUp.vue')),
      meta: { title: 'access.invitation', open: true },
    },
    {
      path: '/me',
      component: lazily(() => import('./access/MyAccount.vue')),
      meta: { title: 'nav.me' },
    },
    {
      path: '/inbox',
      component: lazily(() => import('./needs/MyInbox.vue')),
      meta: { title: 'nav.inbox' },
    },
    {
      path: '/needs',
      component: lazily(() => import('./needs/NeedsBoard.vue')),
      meta: { title: 'nav.needs' },
    },
    {
      path: '/needs/new',
      component: lazily(() => import('./needs/PostNeed.vue')),
      meta: { title: 'nav.post' },
    },
    {
      path: '/:kind(needs|offers|parties|areas)/import',
      component: lazily(() => import('./imports/ImportPage.vue')),
      meta: { title: 'import.title' },
    },
    {
      path: '/needs/:id(\\d+)',
      component: lazily(() => import('./needs/NeedPage.vue')),
      meta: { title: 'nav.needs', open: true },
    },
    {
      path: '/for-you',
      component: lazily(() => import('./tasks/ForYou.vue')),
      meta: { title: 'nav.forYou' },
    },
    {
      path: '/tasks',
      component: lazily(() => import('./tasks/MyTasks.vue')),
      meta: { title: 'nav.tasks' },
    },
    {
      path: '/tasks/:id(\\d+)',
      component: lazily(() => import('./tasks/TaskPage.vue')),
      meta: { title: 'nav.tasks' },
    },
    {
      path: '/check-in/:need(\\d+)/:code',
      component: lazily(() => import('./tasks/CheckIn.vue')),
      meta: { title: 'task.checkIn' },
    },
    {
      path: '/record/:party(\\d+)?',
      component: lazily(() => import('./tasks/ServiceRecord.vue')),
      meta: { title: 'nav.record' },
    },
    {
      path: '/pledges',
      component: lazily(() => import('./pledges/MyPledges.vue')),
      meta: { title: 'nav.pledges' },
    },
    {
      path: '/pledges/new',
      component: lazily(() => import('./pledges/NewPledge.vue')),
      meta: { title: 'pledge.new' },
    },
    {
      path: '/wishes',
      component: lazily(() => import('./pledges/MicroWishes.vue')),
      meta: { title: 'nav.wishes' },
    },
    {
      path: '/city',
      component: lazily(() => import('./city/CityPage.vue')),
      meta: { title: 'nav.city' },
    },
    {
      path: '/clearing',
      component: lazily(() => import('./city/ClearingPage.vue')),
      meta: { title: 'nav.clearing' },
    },
    {
      path: '/policy',
      component: lazily(() => import('./city/PolicyPage.vue')),
      meta: { title: 'nav.policy' },
    },
    {
      path: '/workforce',
      component: lazily(() => import('./city/WorkforcePage.vue')),
      meta: { title: 'nav.workforce' },
    },
    {
      path: '/reports',
      component: lazily(() => import('./city/ReportsPage.vue')),
      meta: { title: 'nav.reports' },
    },
    {
      path: '/parties',
      component: lazily(() => import('./city/PartiesPage.vue')),
      meta: { title: 'nav.parties' },
    },
    {
      path: '/:rest(.*)*',
      component: lazily(() => import('./ui/NotFound.vue')),
      meta: { title: 'state.notFound', open: true },
    },
  ],
})

router.beforeEach((to) => {
  if (!to.meta.open && !known.value) return { path: '/login', query: { to: to.fullPath } }
  return true
})
