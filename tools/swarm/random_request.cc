#include "tools/swarm/random_request.h"

#include "tools/swarm/any_message.h"

namespace qiao {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Replaces numbers that reference rows by numbers of rows that exist.
void set_references(Message& m, const Pool& pool, Random& random) {
  const auto& r = *m.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r.ListFields(m, &fields);
  for (const FieldDescriptor* f : fields) {
    const auto* ids = pool.of(*f);
    if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!f->is_repeated()) set_references(*r.MutableMessage(&m, f), pool, random);
      for (int i = 0; f->is_repeated() && i < r.FieldSize(m, f); ++i) {
        set_references(*r.MutableRepeatedMessage(&m, f, i), pool, random);
      }
    } else if (ids != nullptr && !ids->empty() && !f->is_repeated()) {
      r.SetUInt64(&m, f, random.pick(*ids));
    }
  }
}

// A row with one field changed: sent by somebody who has read others' requests.
template <class Row>
Row with_one_changed(Row row, const Pool& pool, Random& random) {
  Row other = row;
  fill_with_anything(other, random, 2);
  set_references(other, pool, random);
  const auto* type = Row::descriptor();
  const auto count = static_cast<std::uint64_t>(type->field_count());
  const auto* f = type->field(static_cast<int>(random.below(count)));
  if (f->name() == "id") return row;
  Row alone;
  std::vector<const FieldDescriptor*> one{f};
  alone.GetReflection()->SwapFields(&alone, &other, one);
  row.GetReflection()->ClearField(&row, f);
  row.MergeFrom(alone);
  return row;
}

// A row of the pool with one field changed.
pb::Request random_change(const State& s, const Pool& pool, Random& random) {
  pb::Request r;
  for (const auto* ids :
       {&pool.areas, &pool.parties, &pool.persons, &pool.offers, &pool.needs, &pool.accounts}) {
    if (ids->empty()) return r;
  }
  const auto changed = [&](auto row) { return with_one_changed(std::move(row), pool, random); };
  const auto any_party = [&] {
    return changed(s.load_party(s.parties().find(PartyId{random.pick(pool.parties)})));
  };
  const auto any_account = [&] {
    return changed(s.load_account(s.accounts().find(AccountId{random.pick(pool.accounts)})));
  };
  switch (random.below(8)) {
    case 0:
      *r.mutable_update_party() = any_party();
      break;
    case 1: {
      const Slot person = s.persons().find(PersonId{random.pick(pool.persons)});
      *r.mutable_put_person() = changed(s.load_person(person));
      break;
    }
    case 2: {
      const Slot offer = s.offers().find(OfferId{random.pick(pool.offers)});
      *r.mutable_update_offer() = changed(s.load_offer(offer));
      break;
    }
    case 3: {
      const Slot need = s.needs().find(NeedId{random.pick(pool.needs)});
      *r.mutable_update_need() = changed(s.load_need(need));
      break;
    }
    case 4:
      *r.mutable_put_account()->mutable_account() = any_account();
      break;
    case 5: {
      const Slot area = s.areas().find(AreaCode{random.pick(pool.areas)});
      *r.mutable_put_area() = changed(s.load_area(area));
      break;
    }
    case 6:
      *r.mutable_register_party() = any_party();
      r.mutable_register_party()->clear_id();
      break;
    default: {
      pb::Account& account = *r.mutable_put_account()->mutable_account();
      account = any_account();
      account.clear_id();
      account.set_login("new" + std::to_string(random.below(1'000'000)));
    }
  }
  return r;
}

}  // namespace

Pool::Pool(const State& s) {
  const auto add = [](std::vector<std::uint64_t>& ids, const auto& rows) {
    for (Slot i = 0; i < rows.size(); ++i) ids.push_back(rows[i].id.value());
  };
  add(areas, s.areas());
  add(parties, s.parties());
  add(persons, s.persons());
  add(offers, s.offers());
  add(needs, s.needs());
  add(matches, s.matches());
  add(accounts, s.accounts());
}

Pool::Pool(const State& s, AreaCode area) {
  const Slot top = s.areas().find(area);
  const auto inside = [&](Slot a) { return a != kNoSlot && s.within(a, top); };
  const auto party_inside = [&](Slot p) { return inside(s.parties()[p].area); };
  const auto account_inside = [&](Slot a) {
    const Slot party = s.parties().find(s.accounts()[a].party);
    if (party != kNoSlot) return party_inside(party);
    return inside(s.areas().find(AreaCode{s.load_account(a).area_code()}));
  };
  const auto add = [](std::vector<std::uint64_t>& ids, const auto& rows, const auto& belongs) {
    for (Slot i = 0; i < rows.size(); ++i) {
      if (belongs(i)) ids.push_back(rows[i].id.value());
    }
  };
  add(areas, s.areas(), inside);
  add(parties, s.parties(), party_inside);
  add(persons, s.persons(), [&](Slot p) { return party_inside(s.persons()[p].party); });
  add(offers, s.offers(), [&](Slot o) { return party_inside(s.offers()[o].party); });
  add(needs, s.needs(), [&](Slot n) { return inside(s.needs()[n].area); });
  add(matches, s.matches(), [&](Slot m) { return inside(s.needs()[s.matches()[m].need].area); });
  add(accounts, s.accounts(), account_inside);
}

const std::vector<std::uint64_t>* Pool::of(const FieldDescriptor& f) const {
  const std::string& name = f.name();
  if (f.cpp_type() != FieldDescriptor::CPPTYPE_UINT64) return nullptr;
  if (name.ends_with("code")) return &areas;
  if (name == "party_id" || name == "organiser_id" || name == "parent_id") return &parties;
  if (name == "person_id") return &persons;
  if (name == "offer_id") return &offers;
  if (name == "need_id") return &needs;
  if (name == "match_id") return &matches;
  if (name == "account_id") return &accounts;
  if (name == "resident_ref" || name == "subject_id") return &residents;
  if (name != "id") return nullptr;
  const std::string& type = f.containing_type()->name();
  if (type == "Party") return &parties;
  if (type == "Person") return &persons;
  if (type == "Offer") return &offers;
  if (type == "Need") return &needs;
  return type == "Account" ? &accounts : nullptr;
}

pb::Request random_request(const State& s, const Pool& pool, Random& random) {
  if (!random.chance(50)) return random_change(s, pool, random);
  const auto* body = pb::Request::descriptor()->oneof_decl(0);
  const auto count = static_cast<std::uint64_t>(body->field_count());
  const auto* f = body->field(static_cast<int>(random.below(count)));
  const bool excluded =
      f->name() == "batch" || f->name() == "put_taxonomy" || f->name() == "set_policy";
  if (excluded) return random_change(s, pool, random);
  pb::Request r;
  fill_with_anything(*r.GetReflection()->MutableMessage(&r, f), random, 3);
  set_references(r, pool, random);
  return r;
}

pb::Request random_own_change(const State& s, const Pool& pool, const pb::Actor& actor,
                              Random& random) {
  pb::Request r;
  const Slot person = s.persons().find(PersonId{actor.person_id()});
  const Slot party = s.parties().find(PartyId{actor.party_id()});
  const Slot account = s.accounts().find(AccountId{actor.account_id()});
  if (person != kNoSlot) {
    *r.mutable_put_person() = with_one_changed(s.load_person(person), pool, random);
  } else if (party != kNoSlot && random.chance(50)) {
    *r.mutable_update_party() = with_one_changed(s.load_party(party), pool, random);
  } else if (account != kNoSlot) {
    pb::Account& changed = *r.mutable_put_account()->mutable_account();
    changed = with_one_changed(s.load_account(account), pool, random);
  }
  return r;
}

pb::Request random_move(const Pool& pool, Random& random) {
  pb::Request r;
  if (pool.needs.empty() || pool.offers.empty()) return r;
  if (pool.matches.empty() || random.chance(30)) {
    auto& make = *r.mutable_make_match();
    make.set_need_id(random.pick(pool.needs));
    make.set_offer_id(random.pick(pool.offers));
    make.set_quantity(1);
    make.set_how(random.chance(50) ? pb::MATCH_STATE_DISPATCHED : pb::MATCH_STATE_CLAIMED);
  } else if (random.chance(70)) {
    auto& move = *r.mutable_move_match();
    move.set_match_id(random.pick(pool.matches));
    move.set_verb(static_cast<pb::MatchVerb>(1 + random.below(10)));
    move.set_reason("改期");
  } else {
    auto& move = *r.mutable_move_need();
    move.set_need_id(random.pick(pool.needs));
    move.set_verb(static_cast<pb::NeedVerb>(1 + random.below(4)));
    move.set_reason("改期");
  }
  return r;
}

}  // namespace qiao
