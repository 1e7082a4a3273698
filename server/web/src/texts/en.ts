import type { zh } from './zh'

// The same keys as Chinese, by type.
export const en: typeof zh = {
  app: { name: 'Qiao', home: 'Home', menu: 'Main menu', skip: 'Skip to content', demo: 'Demonstration: anybody can log in. Enter no real personal data.' },
  nav: {
    board: 'Board', login: 'Log in', me: 'My account', inbox: 'To do', needs: 'Needs', post: 'Post a need', forYou: 'For you', tasks: 'Tasks', record: 'Service record', pledges: 'Pledges', offers: 'Our offers', wishes: 'Micro-wishes',
    city: 'City', area: 'My area', clearing: 'Clearing', policy: 'Policy', workforce: 'Workforce', reports: 'Reports', parties: 'Parties',
  },
  state: { loading: 'Loading…', again: 'Try again', retrying: 'It is tried again by itself.', offline: 'The server cannot be reached. What you typed stays; go on when it is back.', connecting: 'Reconnecting to live updates…', notFound: 'There is no such page', notFoundNext: 'The link may have expired. Start again from the home page.' },
  form: { loggedOut: 'Your session has ended. Log in again and send; everything you typed is there.', unreachable: 'The server cannot be reached. Try again shortly.', choose: 'Choose', none: 'None', search: 'Search', back: 'Back', do: 'Confirm' },
  access: {
    title: 'Log in', login: 'Login', password: 'Password', enter: 'Log in', logOut: 'Log out', demo: 'Demonstration accounts', again: 'Log in again', againWhy: 'Your session has ended. You will come back to where you were, with everything you typed.', forgot: 'Forgot your password? Ask whoever made your account for a new invitation link.',
    setUp: 'Make the first account', setUpWhy: 'This is the first account of the lead department. It can invite others.', invitation: 'Set your password', invitationWhy: 'You have been invited. Choose a password of your own.', loginHint: '2 to 64 lower-case letters, digits or . _ + -', name: 'Name', newPassword: 'New password',
    passwordHint: 'At least 10 characters, not a common one', oldPassword: 'Present password', changePassword: 'Change password', passwordChanged: 'Your password is changed; you are logged out elsewhere.', role: 'Role', party: 'Organisation',
  },
  demo: { lead: 'Lead department', town: 'Town', community: 'Community', team: 'Volunteer team', member: 'Member', enterprise: 'Enterprise', social: 'Social organisation', resident: 'Resident', auditor: 'Auditor' },
  role: { lead: 'Lead department', organiser: 'Organiser', supplier: 'Giver', member: 'Member', resident: 'Resident', auditor: 'Auditor', anonymous: 'Visitor' },
  partyKind: { PARTY_KIND_VOLUNTEER_TEAM: 'Volunteer teams', PARTY_KIND_ENTERPRISE: 'Enterprises', PARTY_KIND_SOCIAL_ORGANISATION: 'Social organisations', PARTY_KIND_ORGANISER: 'Organisers', PARTY_KIND_LEAD: 'Lead' },
  standing: { STANDING_PENDING: 'waits for approval', STANDING_ACTIVE: 'active', STANDING_SUSPENDED: 'suspended' },
  kind: { people: 'Volunteers', professional: 'Professionals', venue: 'Venue', vehicle: 'Vehicles', equipment: 'Equipment', stock: 'Goods' },
  amount: { people: 'people × {n}', professional: 'professionals × {n}', venue: 'venue seats × {n}', vehicle: 'vehicle seats × {n}', equipment: 'sets of equipment × {n}' },
  unit: {
    yuan: 'yuan', stars: '{n} stars', labelled: '{label} ({unit})',
    people: '{n}', professional: '{n}', venue: '{n}', vehicle: '{n}', equipment: '{n}',
  },
  urgency: { URGENCY_NORMAL: 'normal', URGENCY_URGENT: 'urgent', URGENCY_CRITICAL: 'critical' },
  raised: { 1: 'raised to the town', 2: 'raised to the city' },
  needState: { draft: 'draft', submitted: 'to be checked', open: 'open', filled: 'filled', in_service: 'in service', done: 'to be reviewed', reviewed: 'reviewed', rejected: 'rejected', cancelled: 'cancelled', expired: 'expired' },
  matchState: { proposed: 'proposed', dispatched: 'dispatched', claimed: 'claimed', accepted: 'accepted', checked_in: 'checked in', served: 'checked out', verified: 'verified', declined: 'declined', lapsed: 'not answered', withdrawn: 'withdrawn', no_show: 'did not come', cancelled: 'cancelled' },
  board: {
    title: 'Volunteer service board', lead: 'What is needed, who came, what was done.', near: 'My community', everywhere: 'Whole city', needed: 'Needed now', done: 'Done lately', nothingNeeded: 'Nothing is needed here right now. Look at the whole city.', nothingDone: 'Nothing has been completed yet.', nobodyYet: 'Nobody yet.', enterprises: 'Enterprises that gave', teams: 'Teams that served most',
    stillMissing: '{n} still missing', join: 'Log in to take part',
  },
  needs: { title: 'Needs', mine: 'My needs', byState: 'By state', area: 'Area', empty: 'There are no needs in this state.', all: 'All', none: 'No need has been posted yet.', shown: '{n} needs' },
  post: {
    title: 'Post a need', what: 'What is needed', whatHint: 'One sentence, no names of people', category: 'Category', where: 'Community', when: 'When', day: 'Day', from: 'From', to: 'To', lines: 'How much', add: 'Add a line', remove: 'Remove', resource: 'Goods', skill: 'Skill', anySkill: 'Any', certificate: 'Certificate', noCertificate: 'None needed',
    more: 'More (description, contact, urgency…)', description: 'Description', beneficiary: 'For whom', programme: 'Programme', urgency: 'Urgency', ratio: 'Volunteers for each professional', ratioHint: 'Leave it empty where there is no such rule', allOrNothing: 'All of it or nothing', contactName: 'Contact', contactPhone: 'Telephone', address: 'House and door',
    personalHint: 'Contact, telephone and address are kept encrypted; only a team that serves sees them, while it serves', send: 'Post', clear: 'Clear',
    howMany: { people: 'People', professional: 'People', venue: 'Seats', vehicle: 'Seats', equipment: 'Sets', stock: 'Quantity', money: 'Amount' },
  },
  preview: { title: 'Who could come', parties: 'could come', enough: 'enough', notEnough: 'not enough', wouldHelp: 'This would make it easier:', take: 'Do that' },
  need: {
    line: 'Line {n}', level: 'level {n} or higher', held: '{held} of {asked}', print: 'Print', again: 'Post one like it', approve: 'Approve', submit: 'Submit', reject: 'Reject', cancel: 'Cancel the need', siteCode: 'Code of the place', siteQr: 'QR code to check in', siteHint: 'Print it and put it up at the place: whoever scans it or types the code checks in.', reveal: 'Show contact', contact: 'Contact',
    soFar: '{what} ({n} so far)', willAsk: 'Will be asked: {who}', dispatched: 'Dispatched: {who}',
    cannotAsk: 'Too little is missing to ask {who} as well',
    nothingMissing: 'Nothing is missing here any more.',
    revealed: 'That you looked is in the journal.', candidates: 'Who fits', nobody: 'Nobody fits at the moment.', canGive: 'can give {n}', why: 'Why', dispatch: 'Dispatch to the {n} chosen', timeline: 'What happened', reason: 'Reason', whyTitle: 'Say why', answerBy: 'answer by {when}', atSite: 'checked in at the place',
  },
  match: { dispatch: 'Dispatch', confirm: 'Confirm the claim', verify: 'Verify', noShow: 'Did not come', checkIn: 'Check in for them', checkOut: 'Check out for them', cancel: 'Take back' },
  timeline: { created: 'Written', submitted: 'Submitted', opened: 'Approved and open', raised: 'Raised a level', filled: 'Filled', started: 'Service began', done: 'Service done', ended: 'Ended', dispatched: 'Dispatched to {who}', claimed: 'Claimed by {who}', accepted: 'Accepted by {who}', checkedIn: '{who} checked in', checkedOut: '{who} checked out', fell: '{who} fell out {why}' },
  review: { title: 'Review', stars: 'Stars', words: 'A few words (may be left out)', send: 'Send the review' },
  whyNot: { title: 'Why not somebody else?', name: 'Name of the organisation', noOffers: 'It has no offers at the moment.' },
  inbox: {
    title: 'To do', waiting: 'waiting', empty: 'Nothing waits for you.', count: '{n} in all', due: 'by {when}',
    kind: { check_need: 'check the need', confirm_claim: 'confirm the claim', raised: 'raised to you', verify_service: 'verify the service', review_need: 'review', answer_dispatch: 'answer the dispatch', check_in: 'check in', check_out: 'check out' },
    do: { check_need: 'Approve', confirm_claim: 'Confirm', verify_service: 'Verify' },
  },
  import: {
    title: 'Import a spreadsheet', lead: 'Choose an Excel (.xlsx) or CSV file whose first row names the columns. It is checked first; nothing is saved before you say so.', choose: 'Choose a file', template: 'Download a template', unreadable: 'This file cannot be read. Save it as .xlsx or .csv and try again.', noHeader: 'The first row has no column "title". Compare it with the template.', tooMany: 'At most {n} rows at a time. Import them in parts.', good: '{n} rows can be imported', bad: '{n} rows have problems', row: 'Row', why: 'Problem', save: 'Import these {n}',
    saved: '{n} of {all} saved',
    waits: 'The server asks to wait. It goes on by itself in {n} seconds; please stay on this page.',
    unread: 'These columns are unknown and will not be imported: {names}. See the template.',
    wrong: { required: 'is required', unknown: 'there is no "{value}"', number: '"{value}" is not a number above 0', whole: '"{value}" has to be a whole number, money at most two decimals', date: '"{value}" is not a date or time' },
  },
  forYou: {
    title: 'For you', lead: 'Ordered by how much you are needed', show: 'Show as', list: 'List', map: 'Map', days: 'By day', byClearing: 'By the prices of clearing', empty: 'There is nothing you could take right now. More hours, skills or a wider area bring more.', mendOffers: 'Change our offers', missing: 'missing {what}', with: 'with "{offer}", which can give {n}', claim: 'Claim', claimNow: 'Claim', claimed: 'You claimed "{title}".', howMany: 'How much', atMost: 'at most {n}',
  },
  tasks: { title: 'Tasks', answer: 'Waiting for your answer', ahead: 'Ahead', past: 'Lately', empty: 'There are no tasks yet.', gone: 'a need you can no longer see', calendar: 'Calendar', calendarWhy: 'Download it, or let the calendar of your telephone keep it up to date.', download: 'Download', subscribe: 'Make an address to subscribe to', subscribeHint: 'Add it to your calendar as a subscription. It shows the calendar and nothing else; keep it to yourself.' },
  task: { when: 'When', where: 'Where', what: 'What', answerBy: 'Answer by', accept: 'Accept', decline: 'Decline', checkIn: 'Check in', checkOut: 'Check out', code: 'Code of the place', codeHint: 'Eight letters and digits put up there; may be left out where none is asked for', withdraw: 'Withdraw', need: 'See the need', notExpected: 'You have not accepted anything here, or have checked in already.', checkedIn: 'You are checked in. Thank you!', toTask: 'See the task' },
  record: {
    title: 'Service record', print: 'Print the certificate', certificate: 'Certificate of volunteer service', text: 'From {from} to {to}: {services} services for {needs} needs, {hours} hours in all.', nothing: 'No service has been completed yet.', toNeeds: 'for {n} needs', issued: 'Made on {day} from the service record; party {id}.', services: 'Services', hours: 'Hours', needs: 'Needs met', wishes: 'Micro-wishes fulfilled', rating: 'Mean stars', broken: 'Promises broken', given: 'Given', state: 'State',
    verified: 'verified', unverified: 'to be verified', summary: '{services} times, {needs} needs', hoursOf: '{hours} hours, {needs} needs',
  },
  pledge: {
    title: 'Our pledges', new: 'New offer', what: 'What you give', name: 'Name', nameHint: 'So that anybody understands it, e.g. "Rice"', recognition: 'Recognition', computed: 'These figures are computed from what was delivered.', empty: 'There are no offers yet. Enter one and the system finds where it is needed most.', where: 'Where it went', nowhere: 'Not used yet.', given: '{what} given', withdraw: 'Withdraw', withdrawn: 'withdrawn',
    sort: { goods: 'Goods', money: 'Money', venue: 'Venue', vehicle: 'Vehicles', people: 'People', professional: 'Professionals', equipment: 'Equipment' },
    howMany: { goods: 'Quantity', money: 'Amount', venue: 'Seats', vehicle: 'Seats', people: 'People at once', professional: 'People at once', equipment: 'Sets at once' },
    smallest: 'Least to give at a time', smallestHint: 'May be left out', expires: 'Fit until (may be left out)', collect: 'They come for it', when: 'When in the week', skills: 'Skills and certificates', radius: 'How far you go (km)', radiusHint: 'Left out: as far as your organisation goes', send: 'Enter',
  },
  week: { 1: 'Mon', 2: 'Tue', 3: 'Wed', 4: 'Thu', 5: 'Fri', 6: 'Sat', 7: 'Sun', always: 'always', and: ', ' },
  wish: { title: 'Micro-wishes', lead: 'Small wishes of one person each; whoever adopts one fulfils it.', adopt: 'Adopt', adopted: 'You adopted "{title}". Thank you!', empty: 'No micro-wish is waiting.', pledgeFirst: 'Enter an offer first' },
  city: {
    title: 'The city at a glance', since: 'Counted over', days: 'last {n} days', open: 'Open needs', fill: 'Filled', served: 'Served', pending: '{n} to approve', level: { AREA_LEVEL_COMMUNITY: 'Communities', AREA_LEVEL_TOWN: 'Towns', AREA_LEVEL_CITY: 'Cities and counties' }, mapHint: 'Larger: more is missing; darker: less is filled; orange and dashed: less than three tenths. Choose one to see its needs.', communities: 'Least filled first', missing: 'Missing', parties: 'Parties there', all: 'Show all {n}', funnel: 'On the way', took: 'half within {half}, nine tenths within {slow}',
    waiting: 'Waiting longest', nobodyWaits: 'Nobody is waiting.', waits: 'waiting for {time}', starts: 'begins {when}', gaps: 'What is short', noGaps: 'There has been no clearing yet, or nothing is short.', equity: 'Evenness', categories: 'By category', category: '{open} open, {served} served',
  },
  step: { submitted: 'Submitted', opened: 'Approved', filled: 'Filled', started: 'Service began', done: 'Done', reviewed: 'Reviewed' },
  equity: { mean: 'Filled on average', worst: 'Filled in the worst-off tenth', jain: 'Evenness (1 is all the same)' },
  clearing: {
    title: 'Clearing', lead: 'All needs and offers matched at once, with proof of how far from the best it is.', budget: 'Seconds at most', start: 'Start clearing', round: 'Round {n}', gap: 'From the best at most', proposals: 'Proposals', filled: 'Needs it fills', certificate: 'Worth {value}; nothing could be worth more than {bound}.', applied: '{applied} applied; {dropped} dropped because things had changed.', lines: '{n} lines', dispatch: 'Dispatch all', propose: 'Keep all as proposals', stop: 'That will do', who: 'Who goes where', more: 'More', none: 'There has been no clearing yet.', earlier: 'Earlier rounds', number: 'Round', at: 'When', scheduled: 'by itself',
    state: { CLEARING_STATE_RUNNING: 'running', CLEARING_STATE_DONE: 'done', CLEARING_STATE_QUEUED: 'waiting', CLEARING_STATE_INTERRUPTED: 'interrupted', CLEARING_STATE_CANCELLED: 'stopped', CLEARING_STAGE_APPLYING: 'applying' },
    stage: { CLEARING_STAGE_UNSPECIFIED: 'Getting ready', CLEARING_STAGE_COLLECTING: 'Reading needs and offers', CLEARING_STAGE_PRICES: 'Finding prices', CLEARING_STAGE_ROUNDING: 'Rounding', CLEARING_STAGE_BOUND: 'Tightening the bound', CLEARING_STAGE_IMPROVING: 'Improving', CLEARING_STAGE_APPLYING: 'Applying' },
  },
  policy: {
    title: 'Policy', lead: 'Try it first, then save it. The trial runs on a copy of last month\'s needs and touches nobody.', try: 'Try the effect', save: 'Save and use', reset: 'Undo', effect: 'Had it been so last month', notTried: 'Move a slider, then try the effect.', trying: 'Playing last month again…', over: '{needs} needs with {lines} lines', measure: 'Measure', before: 'Now', after: 'Tried', communities: 'Communities that change most', nothingMoves: 'No community changes: supply was not short last month, or the change is too small.',
    equityAlphaMilli: 'Fairness', urgencyUrgentMicro: 'Urgent', urgencyCriticalMicro: 'Critical', categoryFitMicro: 'Meant for it', surplusSkillMicro: 'Overqualified', halfDistanceM: 'Half at this distance', sameResidentMicro: 'Served the same resident', sameAreaMicro: 'Served the same community', lackLeastMicro: 'Nearly full needs', completenessBonusMicro: 'Bonus for filling a need', defaultRadiusM: 'Default reach',
    hint: {
      equityAlphaMilli: '0: as many as possible; 1: proportional; more: the worst-off communities first', urgencyUrgentMicro: 'Weight of an urgent need; a normal one has 1', urgencyCriticalMicro: 'Weight of a critical need', categoryFitMicro: 'When an offer is meant for such needs', surplusSkillMicro: 'For each skill that is not needed; smaller keeps professionals from chores', halfDistanceM: 'At this distance the weight is half', sameResidentMicro: 'Those who know one another go on', sameAreaMicro: 'A community one knows', lackLeastMicro: 'Smaller: those that lack much come first', completenessBonusMicro: 'When all of a need is filled', defaultRadiusM: 'Of those who name none',
    },
    confirmClaims: 'Claims need an organiser\'s yes', checkInByCode: 'Check-in needs the code of the place', redispatch: 'What is declined or not answered goes to the next by itself',
    row: { filled: 'Lines filled', needsFilled: 'Needs filled', distance: 'Mean distance', misspent: 'Professionals on chores', mean: 'Filled on average', worst: 'Worst-off tenth', jain: 'Evenness' },
  },
  workforce: { title: 'Workforce', standard: 'Standard: {n} community workers for each 10,000 residents.', workers: 'Community workers', licensed: 'Licensed (assistant · full · senior)', volunteers: 'Volunteers by name', party: 'Party-work staff', professionals: 'Social work professionals', monthly: 'Monthly allowances', population: 'Residents', short: 'Short', empty: 'Nobody is entered yet.' },
  reports: {
    title: 'Reports', export: 'Export', by: 'By', from: 'From', to: 'To', mine: 'All of my area', empty: 'There were no needs in that time.', byWord: { programme: 'Programme', category: 'Category', beneficiary: 'For whom', area: 'Community', month: 'Month' },
    head: { needs: 'Needs', underWay: 'Under way', served: 'Served', ended: 'Came to nothing', people: 'Services', hours: 'Hours', parties: 'Parties', rating: 'Stars' },
  },
  parties: { title: 'Parties', kind: 'Kind', empty: 'Nobody is entered yet.', approve: 'Approve', suspend: 'Suspend', reinstate: 'Reinstate' },
}
