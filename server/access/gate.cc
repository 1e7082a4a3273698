#include "server/access/gate.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/fixed.h"
#include "engine/base/hex.h"
#include "engine/base/number_text.h"
#include "engine/identity/reach.h"
#include "server/access/view.h"
#include "server/runtime/log.h"

namespace qiao {
namespace {

constexpr std::string_view kCookie = "qiao_session=";
constexpr std::string_view kSecureCookie = "__Host-qiao_session=";
// An account is locked after this many wrong passwords in a row: for half a minute at first, then
// twice as long each time, up to an hour.
constexpr int kFailuresBeforeLock = 5;
constexpr Seconds kFirstLock = std::chrono::seconds{30};
constexpr int kMaxLockDoublings = 7;
constexpr std::size_t kMostFailures = 100'000;
constexpr std::size_t kMostVouched = 20'000;
// By then other hashes are likely to have finished and to have released their memory.
const Gate::AuthResult<Gate::NewSession> kNoMemoryForHash{.error = AuthError::kBusy,
                                                          .retry_after = std::chrono::seconds{5}};

// Over TLS only a __Host- cookie is accepted: it can only have been set over TLS by this host.
std::string_view session_in(std::string_view cookies, bool secure) {
  const std::string_view name = secure ? kSecureCookie : kCookie;
  while (!cookies.empty()) {
    const auto end = std::min(cookies.find(';'), cookies.size());
    const std::string_view one = trim(cookies.substr(0, end));
    if (one.starts_with(name)) return one.substr(name.size());
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

bool same_site(const Credentials& c) {
  const std::string_view scheme = c.secure ? "https://" : "http://";
  return c.origin.starts_with(scheme) &&
         ascii_lower(c.origin.substr(scheme.size())) == ascii_lower(c.host);
}

pb::Command by_market(std::uint64_t account_id) {
  pb::Command c;
  c.mutable_actor()->set_role(pb::ROLE_MARKET);
  c.mutable_actor()->set_account_id(account_id);
  return c;
}

// The grant with that secret if it has not ended, otherwise kNoSlot.
Slot live_grant(const State& state, const SecretHash& secret, Time now) {
  const Slot slot = state.grant_by_secret(secret);
  if (slot == kNoSlot) return kNoSlot;
  const GrantRow& grant = state.grants()[slot];
  const bool ended =
      grant.revoked || grant.expires <= now || state.accounts()[grant.account].disabled;
  return ended ? kNoSlot : slot;
}

bool is_active(const State& state, const pb::Actor& actor) {
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  return party != kNoSlot && state.parties()[party].standing == pb::STANDING_ACTIVE;
}

// Whether an account may act as `actor`; `self` is the actor of the account itself. An account of a
// party that is not active may not act on behalf of anyone.
bool may_act_for(const State& state, const pb::Actor& self, const pb::Actor& actor) {
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  switch (self.role()) {
    case pb::ROLE_LEAD:
      return true;
    case pb::ROLE_ORGANISER: {
      const PartyId id{actor.party_id()};
      const bool below = actor.role() == pb::ROLE_ORGANISER && is_below(state, self, id);
      return (acts_for_supplier(actor.role()) || below) && all_in_area_of(state, self, id);
    }
    case pb::ROLE_SUPPLIER:
      return acts_for_supplier(actor.role()) && party != kNoSlot && is_active(state, self) &&
             in_party_of(self, state, party);
    default:
      return false;
  }
}

}  // namespace

Gate::Gate(boost::asio::io_context& context, Runtime& runtime, GateOptions options)
    : runtime_(runtime),
      options_(std::move(options)),
      provider_(options_.identity_provider),
      hashes_(std::make_unique<FairQueue>(context)),
      account_writes_(options_.writes_per_second, options_.writes_burst),
      contacts_(options_.contacts_per_day),
      address_writes_(options_.writes_per_second * options_.address_factor,
                      options_.writes_burst * options_.address_factor),
      account_time_(options_.time_share * kMicro, options_.time_burst * kMicro),
      address_time_(options_.time_share * kMicro, options_.time_burst * kMicro),
      log_ins_(options_.log_ins_per_minute / 60, options_.log_ins_burst),
      set_up_secret_(generate_secret()) {}

Gate::~Gate() = default;

pb::Actor Gate::actor_of(Slot slot) const {
  const AccountRow& row = runtime_.state().accounts()[slot];
  pb::Actor actor;
  actor.set_role(row.role);
  actor.set_party_id(row.party.value());
  actor.set_account_id(row.id.value());
  actor.set_person_id(row.person.value());
  actor.set_resident_ref(row.resident_ref);
  return actor;
}

bool Gate::is_live(const SecretHash& secret) const {
  return live_grant(state(), secret, runtime_.now()) != kNoSlot;
}

std::optional<Identity> Gate::by_secret(std::string_view secret, pb::GrantKind kind) const {
  const Slot slot = live_grant(state(), hash_secret(secret), runtime_.now());
  if (slot == kNoSlot || state().grants()[slot].kind != kind) return std::nullopt;
  const GrantRow& grant = state().grants()[slot];
  return Identity{actor_of(grant.account), grant.account, slot, grant.expires};
}

Gate::AuthResult<Identity> Gate::by_token(std::string_view token) {
  if (token.find('.') == std::string_view::npos) {
    const auto found = by_secret(token, pb::GRANT_KIND_TOKEN);
    if (!found) return {.error = AuthError::kUnauthenticated};
    return {.value = *found};
  }
  // Verifying a signature costs fifty times as much as looking it up.
  const SecretHash hash = hash_secret(token);
  auto known = vouched_.find(hash);
  if (known == vouched_.end() || known->second.expires <= runtime_.now()) {
    const auto subject = provider_.verify(token, runtime_.now());
    if (!subject) return {.error = AuthError::kUnauthenticated};
    if (vouched_.size() >= kMostVouched) vouched_.clear();
    known = vouched_.insert_or_assign(hash, Vouched{subject->external_id, subject->expires}).first;
  }
  const Slot account = runtime_.state().account_by_external_id(known->second.external_id);
  if (account == kNoSlot || runtime_.state().accounts()[account].disabled)
    return {.error = AuthError::kUnauthenticated};
  return {.value = {actor_of(account), account, kNoSlot, known->second.expires}};
}

Gate::AuthResult<Identity> Gate::identify(const Credentials& c) {
  AuthResult<Identity> result;
  result.value.actor.set_role(pb::ROLE_ANONYMOUS);
  // Browsers send Origin with every request that changes something.
  if (c.changes && !c.origin.empty() && !same_site(c)) return {.error = AuthError::kOrigin};
  if (!c.authorization.empty()) {
    constexpr std::string_view kBearer = "bearer ";
    if (c.authorization.size() <= kBearer.size() ||
        ascii_lower(c.authorization.substr(0, kBearer.size())) != kBearer)
      return {.error = AuthError::kUnauthenticated};
    result = by_token(trim(c.authorization.substr(kBearer.size())));
    if (!result.good()) return result;
  } else if (const auto secret = session_in(c.cookie, c.secure); !secret.empty()) {
    if (const auto found = by_secret(secret, pb::GRANT_KIND_SESSION)) {
      // Any page could have sent the cookie.
      if (c.changes && !same_site(c)) return {.error = AuthError::kOrigin};
      result.value = *found;
    }
  }
  if (!c.acting.empty()) {
    if (!result.value.known()) return {.error = AuthError::kUnauthenticated};
    auto actor = acting_for(result.value, c.acting);
    if (!actor) return {.error = AuthError::kRefused, .refusal = std::move(actor).error()};
    result.value.actor = std::move(actor).value();
  }
  return result;
}

// Parses Qiao-Actor: lead, auditor, organiser/17, supplier/42, member/5 or resident/7. It names the
// account itself, or an actor below it (代办). The journal records the account in either case.
Result<pb::Actor> Gate::acting_for(const Identity& identity, std::string_view header) const {
  const State& state = runtime_.state();
  const auto slash = std::min(header.find('/'), header.size());
  const std::string_view role = header.substr(0, slash);
  pb::Actor actor;
  actor.set_account_id(identity.actor.account_id());
  if (role == "lead") actor.set_role(pb::ROLE_LEAD);
  if (role == "auditor") actor.set_role(pb::ROLE_AUDITOR);
  if (role == "organiser") actor.set_role(pb::ROLE_ORGANISER);
  if (role == "supplier") actor.set_role(pb::ROLE_SUPPLIER);
  if (role == "member") actor.set_role(pb::ROLE_MEMBER);
  if (role == "resident") actor.set_role(pb::ROLE_RESIDENT);
  if (actor.role() == pb::ROLE_UNSPECIFIED)
    return refuse(Code::kOutOfRange, "Qiao-Actor",
                  "lead, organiser/ID, supplier/ID, member/ID, resident/REF");
  std::uint64_t id = 0;
  if (slash < header.size()) {
    const auto number = parse_number<std::uint64_t>(header.substr(slash + 1));
    if (!number) return refuse_type("Qiao-Actor", "integer");
    id = *number;
  }
  switch (actor.role()) {
    case pb::ROLE_MEMBER: {
      const Slot person = state.persons().find(PersonId{id});
      if (person != kNoSlot)
        actor.set_party_id(state.parties()[state.persons()[person].party].id.value());
      actor.set_person_id(id);
      break;
    }
    case pb::ROLE_RESIDENT:
      actor.set_resident_ref(id);
      break;
    default:
      actor.set_party_id(id);
  }
  const pb::Actor self = actor_of(identity.account);
  if (actor.SerializeAsString() == self.SerializeAsString()) return actor;
  if (!may_act_for(state, self, actor)) return refuse(Code::kRoleForbidden, "Qiao-Actor");
  if (actor.role() == pb::ROLE_MEMBER) {
    const Slot person = state.persons().find(PersonId{id});
    if (person == kNoSlot || state.load_person(person).removed()) {
      return not_there(pb::ROW_KIND_PERSON, id, "Qiao-Actor");
    }
  }
  return actor;
}

bool Gate::covers(const Identity& identity, Operation operation) const {
  return identity.grant == kNoSlot || runtime_.state().grants()[identity.grant].operations.test(
                                          static_cast<std::size_t>(operation));
}

bool Gate::opens_only(const Identity& identity, Operation operation) const {
  if (identity.grant == kNoSlot) return false;
  const auto& opens = runtime_.state().grants()[identity.grant].operations;
  return opens.count() == 1 && opens.test(static_cast<std::size_t>(operation));
}

std::optional<PartyId> Gate::team_of(const Identity& identity) const {
  if (!identity.known() || !acts_for_supplier(identity.actor.role())) return std::nullopt;
  const AccountRow& account = state().accounts()[identity.account];
  // The lead sees every contact anyway.
  if (account.role == pb::ROLE_LEAD) return std::nullopt;
  const PartyId own = account.party;
  return topmost_of(state(), own ? own : PartyId{identity.actor.party_id()});
}

std::optional<std::chrono::seconds> Gate::over_contacts(const Identity& identity,
                                                        const ContactLimit::Asked& asked) {
  const auto team = team_of(identity);
  if (!team) return std::nullopt;
  return contacts_.wait_for(*team, asked, options_.clock());
}

void Gate::count_contacts(const Identity& identity, const ContactLimit::Asked& asked) {
  if (const auto team = team_of(identity)) contacts_.count(*team, asked, options_.clock());
}

std::optional<std::chrono::seconds> Gate::over_limit(const Identity& identity,
                                                     std::string_view address, double changes) {
  const auto now = options_.clock();
  if (identity.known()) {
    const auto wait = account_writes_.take(identity.actor.account_id(), changes, now);
    if (wait) return wait;
  }
  return address_writes_.take(address, changes, now);
}

std::optional<std::chrono::seconds> Gate::over_time(std::string_view address,
                                                    std::chrono::microseconds cost, Moment now) {
  return address_time_.wait_for(address, static_cast<double>(cost.count()), now);
}

std::optional<std::chrono::seconds> Gate::over_time(const Identity& identity,
                                                    std::chrono::microseconds cost, Moment now) {
  if (!identity.known()) return std::nullopt;
  const auto tokens = static_cast<double>(cost.count());
  return account_time_.wait_for(identity.actor.account_id(), tokens, now);
}

void Gate::charge_time(const Identity& identity, std::string_view address,
                       std::chrono::nanoseconds used, Moment now) {
  const double tokens = std::chrono::duration<double, std::micro>(used).count();
  const double most_debt = options_.time_burst * kMicro;
  if (identity.known()) account_time_.charge(identity.actor.account_id(), tokens, now, most_debt);
  address_time_.charge(address, tokens, now, most_debt);
}

bool Gate::lead_can_log_in() const {
  const State& state = runtime_.state();
  for (Slot s = 0; s < state.accounts().size(); ++s) {
    if (state.accounts()[s].role == pb::ROLE_LEAD && !state.accounts()[s].disabled) return true;
  }
  return false;
}

std::optional<std::string> Gate::set_up_secret() const {
  if (lead_can_log_in()) return std::nullopt;
  return set_up_secret_;
}

Result<Gate::Made> Gate::make_grant(const pb::Actor& actor, std::uint64_t account_id,
                                    pb::GrantKind kind, const pb::TokenRequest& request) {
  Made made{generate_secret(), 0, 0};
  pb::Command c;
  *c.mutable_actor() = actor;
  pb::Grant& grant = *c.mutable_add_grant()->mutable_grant();
  grant.set_account_id(account_id);
  grant.set_kind(kind);
  grant.set_name(request.name());
  *grant.mutable_scopes() = request.scopes();
  grant.set_secret_hash(to_hex(hash_secret(made.secret)));
  grant.set_expires_at(to_int(runtime_.now()) + request.lifetime());
  QIAO_TRY(const auto applied, runtime_.apply(c));
  made.grant_id = applied.subjects.front().key;
  made.seq = applied.seq;
  return made;
}

Gate::AuthResult<Gate::NewSession> Gate::open_session(Slot account) {
  pb::TokenRequest request;
  request.set_lifetime(options_.session.count());
  const std::uint64_t id = runtime_.state().accounts()[account].id.value();
  auto made = make_grant(by_market(id).actor(), id, pb::GRANT_KIND_SESSION, request);
  if (!made) return {.error = AuthError::kRefused, .refusal = std::move(made).error()};
  const Slot grant = runtime_.state().grants().find(GrantId{made.value().grant_id});
  return {.value = {made.value().secret, account, runtime_.state().grants()[grant].expires,
                    made.value().seq}};
}

void Gate::failed(const std::string& login, Slot account) {
  Failures& f = failures_[login];
  ++f.count;
  if (f.count < kFailuresBeforeLock) return;
  f.locked_until = runtime_.now() +
                   kFirstLock * (1 << std::min(f.count - kFailuresBeforeLock, kMaxLockDoublings));
  if (account == kNoSlot) return;
  pb::Command lock = by_market(runtime_.state().accounts()[account].id.value());
  lock.mutable_lock_account()->set_account_id(lock.actor().account_id());
  lock.mutable_lock_account()->set_until(to_int(f.locked_until));
  if (auto done = runtime_.apply(lock); !done)
    log_error("an account could not be locked", {{"reason", done.error().en()}});
}

// Returns in how many seconds a password of that login may be tried. Attempts that wait for their
// hash count as wrong ones, so that parallel attempts give no more guesses than sequential ones.
std::optional<std::chrono::seconds> Gate::locked(const std::string& login, Slot account) const {
  const Time now = runtime_.now();
  Time until = account == kNoSlot ? Time{} : runtime_.state().accounts()[account].locked_until;
  const auto failures = failures_.find(login);
  if (failures != failures_.end()) until = std::max(until, failures->second.locked_until);
  if (until > now) return until - now;
  if (failures == failures_.end()) return std::nullopt;
  const Failures& f = failures->second;
  if (f.pending < std::max(1, kFailuresBeforeLock - f.count)) return std::nullopt;
  return std::chrono::seconds{1};
}

// Verifies a password and counts wrong ones. If it is right and a new one is given, hashes the new
// one too.
void Gate::verify_password(Slot account, Asker asker, const std::string& password,
                           const std::string& new_password, std::function<void(Checked)> then,
                           const Done& otherwise) {
  if (const auto wait = locked(asker.login, account)) {
    return otherwise({.error = AuthError::kLocked, .retry_after = *wait});
  }
  std::string hash;
  if (account != kNoSlot) hash = runtime_.state().load_account(account).password_hash();
  const auto work = [hash, password, new_password] {
    Checked checked{.verdict = qiao::verify_password(hash, password)};
    if (!checked.right() || new_password.empty()) return checked;
    if (auto fresh = qiao::hash_password(new_password)) {
      checked.new_hash = *std::move(fresh);
    } else {
      checked.verdict = Verdict::kNoMemory;
    }
    return checked;
  };
  const auto decided = [this, account, login = asker.login, hash, then,
                        otherwise](const Checked& checked) {
    const int pending = --failures_[login].pending;
    // The password was not checked.
    if (checked.verdict == Verdict::kNoMemory) return otherwise(kNoMemoryForHash);
    // The password was right when the check began; it may have been changed since.
    const bool replaced =
        checked.right() && runtime_.state().load_account(account).password_hash() != hash;
    if (!checked.right()) {
      failed(login, account);
    } else if (replaced) {
      return then(Checked{});
    } else if (pending == 0) {
      failures_.erase(login);
    } else {
      failures_[login] = {.pending = pending};
    }
    then(checked);
  };
  if (!queue_hash(asker, work, decided, otherwise)) return;
  if (failures_.size() >= kMostFailures) {
    erase_if(failures_, [](const auto& entry) { return entry.second.pending == 0; });
  }
  ++failures_[asker.login].pending;
}

void Gate::hash_password(const Asker& asker, const std::string& password,
                         std::function<void(std::string)> then, const Done& otherwise) {
  const auto hashed = [then = std::move(then), otherwise](const std::optional<std::string>& hash) {
    if (!hash) return otherwise(kNoMemoryForHash);
    then(*hash);
  };
  queue_hash(
      asker, [password] { return qiao::hash_password(password); }, hashed, otherwise);
}

// Returns false, and calls `otherwise`, if the queue is full.
template <class Work, class Then>
bool Gate::queue_hash(const Asker& asker, Work work, Then then, const Done& otherwise) {
  const auto taken = hashes_->run(asker.login, asker.address, [work, then] {
    return std::function<void()>([then, result = work()] { then(result); });
  });
  if (taken == Taken::kYes) return true;
  const AuthError error = taken == Taken::kFull ? AuthError::kBusy : AuthError::kRateLimited;
  otherwise({.error = error, .retry_after = std::chrono::seconds{1}});
  return false;
}

void Gate::log_in(const pb::LogInRequest& request, std::string_view address, Done done) {
  const State& state = runtime_.state();
  if (const auto wait = log_ins_.take(address, 1, options_.clock())) {
    return done({.error = AuthError::kRateLimited, .retry_after = *wait});
  }
  if (!request.id_token().empty()) {
    const auto subject = provider_.verify(request.id_token(), runtime_.now());
    const Slot account = subject ? state.account_by_external_id(subject->external_id) : kNoSlot;
    if (account == kNoSlot || state.accounts()[account].disabled)
      return done({.error = AuthError::kPassword});
    return done(open_session(account));
  }
  if (request.login().empty())
    return done({.error = AuthError::kRefused, .refusal = refuse(Code::kRequired, "login")});
  if (request.password().empty())
    return done({.error = AuthError::kRefused, .refusal = refuse(Code::kRequired, "password")});
  const std::string login = ascii_lower(request.login().substr(0, 64));
  Slot account = state.account_by_login(login);
  if (account != kNoSlot && state.accounts()[account].disabled) account = kNoSlot;
  verify_password(
      account, {login, std::string(address)}, request.password().substr(0, kMaxPasswordBytes + 1),
      {},
      [this, account, done](const Checked& checked) {
        // The account may have been disabled meanwhile.
        if (!checked.right() || runtime_.state().accounts()[account].disabled)
          return done({.error = AuthError::kPassword});
        done(open_session(account));
      },
      done);
}

// Whether the account that made the invitation may still invite this account: the rights of the
// invited account may have grown since.
bool Gate::still_invited(const Identity& invited) const {
  const std::uint64_t grant = state().grants()[invited.grant].id.value();
  const auto key = Store::AuditKey::object(pb::Event::kGrant, grant);
  const auto made = runtime_.store().audit(key, 0, true, 1);
  // The event was created just now and is not on disk yet.
  if (made.empty()) return true;
  const auto event = runtime_.store().event(made.front());
  if (!event) return false;
  const pb::Actor& by = event->actor();
  if (by.role() == pb::ROLE_MARKET) return true;
  const Slot maker = state().accounts().find(AccountId{by.account_id()});
  if (maker == kNoSlot || state().accounts()[maker].disabled) return false;
  const pb::Actor self = actor_of(maker);
  const bool acts =
      self.SerializeAsString() == by.SerializeAsString() || may_act_for(state(), self, by);
  pb::Command again;
  *again.mutable_actor() = by;
  again.mutable_add_grant()->mutable_grant()->set_kind(pb::GRANT_KIND_INVITATION);
  const auto scope = check_role(again);
  return acts && scope && check_actor(again, state()) &&
         check_reach(state(), by, scope.value(), state().load_account(invited.account)) &&
         check_invitation(state(), by, scope.value(), state().load_account(invited.account));
}

void Gate::accept_invitation(const pb::AcceptInvitationRequest& request, std::string_view address,
                             Done done) {
  if (const auto wait = log_ins_.take(address, 1, options_.clock())) {
    return done({.error = AuthError::kRateLimited, .retry_after = *wait});
  }
  const auto invited = by_secret(request.token(), pb::GRANT_KIND_INVITATION);
  if (!invited || !still_invited(*invited)) return done({.error = AuthError::kInvalidLink});
  const Slot account = invited->account;
  if (auto good = check_password(request.password(), runtime_.state().load_account(account).login(),
                                 "password");
      !good) {
    return done({.error = AuthError::kRefused, .refusal = std::move(good).error()});
  }
  hash_password(
      {runtime_.state().load_account(account).login(), std::string(address)}, request.password(),
      [this, account, token = request.token(), done](const std::string& hash) {
        // Works once: setting the password revokes the link, so that a second use is refused.
        const auto still = by_secret(token, pb::GRANT_KIND_INVITATION);
        if (!still || !still_invited(*still)) return done({.error = AuthError::kInvalidLink});
        pb::Command set = by_market(runtime_.state().accounts()[account].id.value());
        set.mutable_set_password()->set_account_id(set.actor().account_id());
        set.mutable_set_password()->set_password_hash(hash);
        if (auto applied = runtime_.apply(set); !applied)
          return done({.error = AuthError::kRefused, .refusal = std::move(applied).error()});
        done(open_session(account));
      },
      done);
}

void Gate::change_password(const Identity& identity, const pb::ChangePasswordRequest& request,
                           std::string_view address, Done done) {
  const pb::Account account = runtime_.state().load_account(identity.account);
  if (auto good = check_password(request.new_password(), account.login(), "newPassword"); !good) {
    return done({.error = AuthError::kRefused, .refusal = std::move(good).error()});
  }
  if (request.new_password() == request.old_password())
    return done(
        {.error = AuthError::kRefused, .refusal = refuse(Code::kPasswordWeak, "newPassword")});
  const bool by_grant = identity.grant != kNoSlot;
  const SecretHash held =
      by_grant ? runtime_.state().grants()[identity.grant].secret : SecretHash{};
  verify_password(
      identity.account, {account.login(), std::string(address)}, request.old_password(),
      request.new_password(),
      [this, identity, by_grant, held, done](const Checked& checked) {
        // The session or token may have ended meanwhile.
        if (by_grant && !is_live(held)) return done({.error = AuthError::kUnauthenticated});
        if (!checked.right()) {
          return done({.error = AuthError::kRefused,
                       .refusal = refuse(Code::kPasswordWrong, "oldPassword")});
        }
        pb::Command set;
        *set.mutable_actor() = actor_of(identity.account);
        set.mutable_set_password()->set_account_id(set.actor().account_id());
        set.mutable_set_password()->set_password_hash(checked.new_hash);
        if (auto applied = runtime_.apply(set); !applied) {
          return done({.error = AuthError::kRefused, .refusal = std::move(applied).error()});
        }
        done(open_session(identity.account));
      },
      done);
}

void Gate::set_up(const pb::SetUpRequest& request, std::string_view address, Done done) {
  if (const auto wait = log_ins_.take(address, 1, options_.clock())) {
    return done({.error = AuthError::kRateLimited, .retry_after = *wait});
  }
  if (lead_can_log_in() || !same_secret(request.token(), set_up_secret_))
    return done({.error = AuthError::kInvalidLink});
  if (auto good = check_password(request.password(), ascii_lower(request.login()), "password");
      !good) {
    return done({.error = AuthError::kRefused, .refusal = std::move(good).error()});
  }
  hash_password(
      {ascii_lower(request.login()), std::string(address)}, request.password(),
      [this, login = request.login(), name = request.name(), done](const std::string& hash) {
        if (lead_can_log_in()) return done({.error = AuthError::kInvalidLink});
        pb::Command make = by_market(0);
        pb::Account& account = *make.mutable_put_account()->mutable_account();
        account.set_login(login);
        account.set_name(name);
        account.set_role(pb::ROLE_LEAD);
        auto made = runtime_.apply(make);
        if (!made) return done({.error = AuthError::kRefused, .refusal = std::move(made).error()});
        pb::Command set = by_market(made.value().subjects.front().key);
        set.mutable_set_password()->set_account_id(set.actor().account_id());
        set.mutable_set_password()->set_password_hash(hash);
        if (auto applied = runtime_.apply(set); !applied)
          return done({.error = AuthError::kRefused, .refusal = std::move(applied).error()});
        done(open_session(runtime_.state().accounts().find(AccountId{set.actor().account_id()})));
      },
      done);
}

std::string Gate::site_code(std::uint64_t need_id) const {
  return short_code(runtime_.store().vault().chain_key(), "site", need_id);
}

bool Gate::is_site_code(std::uint64_t need_id, std::string_view typed) const {
  std::string plain;
  for (const char c : typed) {
    if (c == ' ' || c == '-') continue;
    // Accepts letters that are easily mistaken for digits.
    const char upper = ascii_upper(c);
    plain += upper == 'O' ? '0' : upper == 'I' || upper == 'L' ? '1' : upper;
  }
  std::string right = site_code(need_id);
  std::erase(right, '-');
  return same_secret(plain, right);
}

}  // namespace qiao
