// Rows as they come off the disk, read without making messages of them: nothing is read that is not
// there, and what protobuf wrote is read as protobuf reads it. Put into a market among sound rows,
// as a start does: a damaged row is refused, or can be counted with.
#include <array>
#include <map>

#include "engine/rows/facts.h"
#include "engine/rows/marked.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"

using namespace qiao;

namespace {

std::uint64_t sum(const Codes& codes) {
  std::uint64_t s = 0;
  for (const std::string_view code : codes) {
    for (const char c : code) s = s * 31 + static_cast<unsigned char>(c);
  }
  return s;
}

// Looks at everything, so that a view that reaches too far is seen.
std::uint64_t look(const AreaFacts& f) { return f.code.value() + f.parent.value(); }
std::uint64_t look(const PartyFacts& f) {
  return f.id.value() + sum(f.excluded_categories) + f.excluded_areas.size();
}
std::uint64_t look(const OfferFacts& f) {
  std::uint64_t s = f.id.value() + sum(f.categories) + sum(f.skills) + sum({f.resource}) +
                    f.weekly.size() + f.exceptions.size();
  for (const auto& c : f.certificates) s += sum({c.code});
  return s;
}
std::uint64_t look(const NeedFacts& f) {
  std::uint64_t s = f.id.value() + sum({f.category}) + f.excluded.size();
  for (const auto& l : f.lines) s += sum(l.skills) + sum({l.resource, l.certificate});
  return s;
}
std::uint64_t look(const MatchFacts& f) { return f.id.value() + f.need.value() + f.offer.value(); }
std::uint64_t look(const NotificationFacts& f) {
  return f.id.value() + f.need.value() + f.party.value();
}

std::uint64_t id_of(const AreaFacts& f) { return f.code.value(); }
std::uint64_t id_of(const pb::Area& m) { return m.code(); }
std::uint64_t id_of(const auto& f) {
  if constexpr (requires { f.id.value(); }) {
    return f.id.value();
  } else {
    return f.id();
  }
}

template <class Facts, class Message>
void check(std::string_view bytes) {
  const auto facts = Facts::read(bytes);
  const volatile std::uint64_t seen = facts ? look(*facts) : 0;
  static_cast<void>(seen);
  const bool marked = has_marked(*Message::descriptor(), bytes);
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  // What protobuf would not write itself it may read otherwise: fields that come twice, groups of
  // fields that are not known.
  message.DiscardUnknownFields();
  if (message.SerializeAsString() != bytes) return;
  expect(facts.has_value(), "protobuf reads it, and facts are none", Message::descriptor()->name());
  expect(id_of(*facts) == id_of(message), "another id than protobuf's",
         Message::descriptor()->name());
  expect(marked == has_marked(message), "personal fields are there or not",
         Message::descriptor()->name());
  if constexpr (std::is_same_v<Message, pb::Need>)
    expect(facts->lines.size() == static_cast<std::size_t>(message.lines_size()),
           "other lines than protobuf's");
}

using Kind = pb::Event::RowCase;
struct Rows {
  std::map<Kind, std::vector<std::string>> of;
  Seq last_seq = 0;
  Time last_time;
};

void post_needs_and_matches(City& city, std::uint64_t party, std::uint64_t people,
                            std::uint64_t rice) {
  const auto visit = city.post(NeedBuilder().people(4).professionals(1).skill("counselling"));
  const auto meal = city.post(NeedBuilder().stock("rice", 9).people(2).all_or_nothing());
  city.claim(visit, people, 2);
  city.dispatch(meal, rice, 5);
  city.claim(meal, people, 1, 2);
  pb::Command notify = by(pb::ROLE_MARKET);
  pb::Notification& n = *notify.mutable_notify()->add_notifications();
  n.set_party_id(party);
  n.set_need_id(visit);
  n.set_line(1);
  n.set_offer_id(people);
  city.must(notify);
}

void make_accounts(City& city, std::uint64_t party) {
  pb::Command person = by(pb::ROLE_LEAD);
  person.mutable_put_person()->set_party_id(party);
  person.mutable_put_person()->set_name("张小桥");
  pb::Command account = by(pb::ROLE_LEAD);
  pb::Account& a = *account.mutable_put_account()->mutable_account();
  a.set_login("zhang");
  a.set_role(pb::ROLE_MEMBER);
  a.set_party_id(party);
  a.set_person_id(city.must(person));
  pb::Command grant = by(pb::ROLE_MARKET);
  pb::Grant& g = *grant.mutable_add_grant()->mutable_grant();
  g.set_account_id(city.must(account));
  g.set_kind(pb::GRANT_KIND_SESSION);
  g.set_secret_hash(std::string(64, 'a'));
  g.set_expires_at(to_int(city.now) + 86'400);
  city.must(grant);
}

// Those of a small market, in which each kind of row is there.
Rows make_rows() {
  City city;
  city.now = at(9);  // not in the hours in which nobody is told
  const auto party = city.team();
  const auto people = city.post(offer(party).people(5).weekly(4, 8, 18).skill("first_aid"));
  const auto rice = city.post(offer(party).stock("rice", 30, 2));
  post_needs_and_matches(city, party, people, rice);
  make_accounts(city, party);
  const State& state = city.state();
  Rows rows{{}, state.last_seq(), state.last_time()};
  for (const Kind kind : kSettings) rows.of[kind] = {state.setting(kind).SerializeAsString()};
  for_each_keyed([&](auto kind) {
    const auto& table = state.rows(kind);
    for (Slot s = 0; s < table.size(); ++s) rows.of[kind.kCase].emplace_back(table[s].bytes.view());
    expect(table.size() > 0, "a kind of row is not there");
  });
  return rows;
}

bool link(State& state) {
  return state.link_areas() && state.link_parties() && state.link_offers() && state.link_needs();
}

bool load(const Rows& rows, Market& market) {
  State& state = market.state_to_load(rows.last_seq);
  bool good = true;
  const auto put = [&](Kind kind) {
    for (const std::string& row : rows.of.at(kind)) good = good && state.load_row(kind, Blob(row));
  };
  std::for_each(kSettings.begin(), kSettings.end(), put);
  for_each_keyed([&](auto kind) {
    if (kind.kLinked) put(kind.kCase);
  });
  good = good && link(state);
  for_each_keyed([&](auto kind) {
    if (!kind.kLinked) put(kind.kCase);
  });
  if (good) market.loaded(rows.last_seq, rows.last_time);
  return good;
}

// What the market does with rows: it ranks, and acts on time limits.
void use(RankedMarket& market, Time now) {
  constexpr int kTicks = 40;
  const State& state = market.state();
  const auto& ranking = market.ranking();
  for (Slot need = 0; need < state.needs().size(); ++need) {
    const NeedRow& row = state.needs()[need];
    for (Slot i = 0; i < row.line_count; ++i) ranking.candidates(row.first_line + i, 5, now);
  }
  for (Slot party = 0; party < state.parties().size(); ++party) ranking.open_lines(party, 5, now);
  for (int i = 0; i < kTicks; ++i) {
    const auto due = market.next_tick();
    if (!due) break;
    now = std::max(now, *due);
    pb::Command tick = by(pb::ROLE_MARKET);
    tick.mutable_tick();
    expect(market.apply(tick, now).has_value(), "a tick is refused");
  }
}

// A damaged row instead of the last of its kind, or behind it.
void check_load(Kind kind, std::string row, bool instead) {
  static const Rows sound = make_rows();
  Rows rows = sound;
  std::vector<std::string>& of_kind = rows.of.at(kind);
  if (instead) of_kind.pop_back();
  // Text is not looked at by a start: the checksums of RocksDB stand for it.
  const std::unique_ptr<google::protobuf::Message> message(State::row_type(kind).New());
  const bool readable = message->ParseFromString(row);
  of_kind.push_back(std::move(row));
  RankedMarket market;
  if (load(rows, market) && readable) use(market, rows.last_time);
}

// The last row of a kind with some bytes replaced: position, byte, position, byte, ...
std::string damaged(Kind kind, std::string_view edits) {
  static const Rows sound = make_rows();
  std::string row = sound.of.at(kind).back();
  for (std::size_t i = 0; i + 1 < edits.size(); i += 2) {
    row[static_cast<unsigned char>(edits[i]) % row.size()] = edits[i + 1];
  }
  return row;
}

}  // namespace

// The first byte says what it is a row of (a place in kKinds, which inputs keep), whether it stands
// instead of another and whether the rest is that row or what is changed in one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<Kind, 11> kKinds = {
      pb::Event::kArea,  pb::Event::kParty,        pb::Event::kOffer,  pb::Event::kNeed,
      pb::Event::kMatch, pb::Event::kNotification, pb::Event::kPerson, pb::Event::kAccount,
      pb::Event::kGrant, pb::Event::kTaxonomy,     pb::Event::kPolicy,
  };
  static_assert(kKinds.size() == kKeyedKinds.size() + kSettings.size());
  constexpr unsigned kInstead = 0x40;
  constexpr unsigned kEdits = 0x80;
  if (size == 0) return 0;
  const std::string_view bytes = text_of(data + 1, size - 1);
  const unsigned what = (data[0] & ~(kInstead | kEdits)) % kKinds.size();
  const Kind kind = kKinds[what];
  const bool edited = (data[0] & kEdits) != 0;
  check_load(kind, edited ? damaged(kind, bytes) : std::string(bytes),
             edited || (data[0] & kInstead) != 0);
  switch (what) {
    case 0:
      check<AreaFacts, pb::Area>(bytes);
      break;
    case 1:
      check<PartyFacts, pb::Party>(bytes);
      break;
    case 2:
      check<OfferFacts, pb::Offer>(bytes);
      break;
    case 3:
      check<NeedFacts, pb::Need>(bytes);
      break;
    case 4:
      check<MatchFacts, pb::Match>(bytes);
      break;
    case 5:
      check<NotificationFacts, pb::Notification>(bytes);
      break;
    default:
      break;
  }
  return 0;
}
