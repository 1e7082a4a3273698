#include "server/app/demo.h"

#include "server/access/secrets.h"

namespace qiao {
namespace {

constexpr std::string_view kPrefix = "demo-";

pb::Command by_lead() {
  pb::Command c;
  c.mutable_actor()->set_role(pb::ROLE_LEAD);
  return c;
}

// The first active party of that kind; an organiser is looked for at that level.
std::optional<pb::Party> first_party(const State& state, pb::PartyKind kind,
                                     std::optional<pb::AreaLevel> level = std::nullopt) {
  for (Slot s = 0; s < state.parties().size(); ++s) {
    const PartyRow& row = state.parties()[s];
    if (row.kind != kind || row.standing != pb::STANDING_ACTIVE) continue;
    if (level && state.areas()[row.area].level != *level) continue;
    return state.load_party(s);
  }
  return std::nullopt;
}

StoreError no_memory() {
  return {.message = "not enough memory to hash a password (64 MiB)",
          .zh = "内存不足，无法计算密码的散列值（64 MiB）"};
}

StoreError words_of(const Refusal& refusal) {
  return {.message = refusal.en(), .zh = refusal.zh()};
}

Result<std::vector<DemoAccount>> make_accounts(Runtime& runtime, const std::string& hash) {
  const State& state = runtime.state();
  std::vector<DemoAccount> made;
  const auto make = [&](const std::string& word, const std::string& what,
                        pb::Account account) -> Status {
    const std::string login = std::string(kPrefix) + word;
    made.push_back({login, what});
    const Slot there = state.account_by_login(login);
    if (there != kNoSlot && !state.accounts()[there].disabled) return outcome::success();
    if (there != kNoSlot) account.set_id(state.accounts()[there].id.value());
    account.set_login(login);
    account.set_name("演示");
    pb::Command put = by_lead();
    *put.mutable_put_account()->mutable_account() = account;
    QIAO_TRY(const auto applied, runtime.apply(put));
    pb::Command set;
    set.mutable_actor()->set_role(pb::ROLE_MARKET);
    set.mutable_set_password()->set_account_id(applied.subjects.front().key);
    set.mutable_set_password()->set_password_hash(hash);
    QIAO_TRY(runtime.apply(set));
    return outcome::success();
  };
  const auto of = [](pb::Role role, std::uint64_t party = 0) {
    pb::Account a;
    a.set_role(role);
    a.set_party_id(party);
    return a;
  };
  QIAO_TRY(make("lead", "牵头单位 lead department", of(pb::ROLE_LEAD)));
  QIAO_TRY(make("auditor", "监督 auditor", of(pb::ROLE_AUDITOR)));
  const auto organiser = [&](const char* word, const char* what, pb::AreaLevel level) -> Status {
    const auto party = first_party(state, pb::PARTY_KIND_ORGANISER, level);
    if (!party) return outcome::success();
    return make(word, std::string(what) + ": " + party->name(),
                of(pb::ROLE_ORGANISER, party->id()));
  };
  QIAO_TRY(organiser("town", "乡镇（街道） town", pb::AREA_LEVEL_TOWN));
  QIAO_TRY(organiser("community", "村（社区） community", pb::AREA_LEVEL_COMMUNITY));
  const auto team = first_party(state, pb::PARTY_KIND_VOLUNTEER_TEAM);
  if (team) {
    QIAO_TRY(make("team", "志愿服务队 volunteer team: " + team->name(),
                  of(pb::ROLE_SUPPLIER, team->id())));
    Slot person = state.parties()[state.parties().find(PartyId{team->id()})].first_person;
    if (person == kNoSlot) {
      pb::Command put = by_lead();
      put.mutable_put_person()->set_party_id(team->id());
      put.mutable_put_person()->set_name("张小桥");
      put.mutable_put_person()->set_phone("13900001234");
      QIAO_TRY(const auto applied, runtime.apply(put));
      person = state.persons().find(PersonId{applied.subjects.front().key});
    }
    pb::Account member = of(pb::ROLE_MEMBER, team->id());
    member.set_person_id(state.persons()[person].id.value());
    QIAO_TRY(make("member", "队员 member: " + team->name(), member));
  }
  const auto giver = [&](const char* word, const char* what, pb::PartyKind kind) -> Status {
    const auto party = first_party(state, kind);
    if (!party) return outcome::success();
    return make(word, std::string(what) + ": " + party->name(), of(pb::ROLE_SUPPLIER, party->id()));
  };
  QIAO_TRY(giver("enterprise", "企业 enterprise", pb::PARTY_KIND_ENTERPRISE));
  QIAO_TRY(giver("social", "社会组织 social organisation", pb::PARTY_KIND_SOCIAL_ORGANISATION));
  QIAO_TRY(make("resident", "居民 resident", of(pb::ROLE_RESIDENT)));
  return made;
}

}  // namespace

StoreResult<std::vector<DemoAccount>> make_demo_accounts(Runtime& runtime) {
  const auto hash = hash_password(kDemoPassword);
  if (!hash) return no_memory();
  auto made = make_accounts(runtime, *hash);
  if (!made) return words_of(made.error());
  return std::move(made).value();
}

StoreResult<int> disable_demo_accounts(Runtime& runtime) {
  const State& state = runtime.state();
  int disabled = 0;
  for (Slot s = 0; s < state.accounts().size(); ++s) {
    pb::Account account = state.load_account(s);
    if (!account.login().starts_with(kPrefix) || account.disabled()) continue;
    // A real account may have the same name; that of the demonstration has the public password.
    const Verdict verdict = verify_password(account.password_hash(), kDemoPassword);
    if (verdict == Verdict::kNoMemory) return no_memory();
    if (verdict == Verdict::kWrong) continue;
    account.set_disabled(true);
    // By the market itself, because the last account of the lead may be among them: a set-up link
    // is printed then.
    pb::Command put;
    put.mutable_actor()->set_role(pb::ROLE_MARKET);
    *put.mutable_put_account()->mutable_account() = account;
    if (auto applied = runtime.apply(put); !applied) return words_of(applied.error());
    ++disabled;
  }
  return disabled;
}

}  // namespace qiao
