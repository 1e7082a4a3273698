// Requests by chance that mean something in the market as it is.
#pragma once

#include <string>
#include <vector>

#include "engine/market/state.h"
#include "qiao/v1/request.pb.h"
#include "tests/support/any_message.h"

namespace qiao {

// Ids and codes that are there, so that random requests mean something.
struct Pool {
  std::vector<std::uint64_t> areas, parties, persons, offers, needs, matches, accounts, residents{7, 8, 9};

  explicit Pool(const State& s) {
    for (Slot i = 0; i < s.areas().size(); ++i) areas.push_back(s.areas()[i].id.value());
    for (Slot i = 0; i < s.parties().size(); ++i) parties.push_back(s.parties()[i].id.value());
    for (Slot i = 0; i < s.persons().size(); ++i) persons.push_back(s.persons()[i].id.value());
    for (Slot i = 0; i < s.offers().size(); ++i) offers.push_back(s.offers()[i].id.value());
    for (Slot i = 0; i < s.needs().size(); ++i) needs.push_back(s.needs()[i].id.value());
    for (Slot i = 0; i < s.matches().size(); ++i) matches.push_back(s.matches()[i].id.value());
    for (Slot i = 0; i < s.accounts().size(); ++i) accounts.push_back(s.accounts()[i].id.value());
  }
  const std::vector<std::uint64_t>* of(const google::protobuf::FieldDescriptor& f) const {
    const std::string name = f.name();
    if (name.ends_with("code") && f.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_UINT64) return &areas;
    if (name == "party_id" || name == "organiser_id" || name == "parent_id") return &parties;
    if (name == "person_id") return &persons;
    if (name == "offer_id") return &offers;
    if (name == "need_id") return &needs;
    if (name == "match_id") return &matches;
    if (name == "account_id") return &accounts;
    if (name == "resident_ref" || name == "subject_id") return &residents;
    if (name != "id") return nullptr;
    const std::string type = f.containing_type()->name();
    return type == "Party" ? &parties : type == "Person" ? &persons : type == "Offer" ? &offers : type == "Need" ? &needs : type == "Account" ? &accounts : nullptr;
  }
};

// Numbers that name something name something that is there, or nothing.
inline void aim(google::protobuf::Message& m, const Pool& pool, Random& random) {
  const auto& r = *m.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  r.ListFields(m, &fields);
  for (const google::protobuf::FieldDescriptor* f : fields) {
    if (f->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!f->is_repeated()) aim(*r.MutableMessage(&m, f), pool, random);
      for (int i = 0; f->is_repeated() && i < r.FieldSize(m, f); ++i) aim(*r.MutableRepeatedMessage(&m, f, i), pool, random);
    } else if (const auto* ids = pool.of(*f); ids != nullptr && !f->is_repeated()) {
      r.SetUInt64(&m, f, random.pick(*ids));
    }
  }
}

// A row as it is, with one field changed: what somebody sends who has read how others' requests look.
template <class Row>
Row with_one_changed(Row row, const Pool& pool, Random& random) {
  Row other = row;
  fill_with_anything(other, random, 2);
  aim(other, pool, random);
  const auto* f = Row::descriptor()->field(static_cast<int>(random.below(static_cast<std::uint64_t>(Row::descriptor()->field_count()))));
  if (f->name() == "id") return row;
  Row alone;
  std::vector<const google::protobuf::FieldDescriptor*> one{f};
  alone.GetReflection()->SwapFields(&alone, &other, one);
  row.GetReflection()->ClearField(&row, f);
  row.MergeFrom(alone);
  return row;
}

inline pb::Request random_request(const State& s, const Pool& pool, Random& random) {
  pb::Request r;
  if (random.chance(50)) {
    const auto* body = pb::Request::descriptor()->oneof_decl(0);
    const auto* f = body->field(static_cast<int>(random.below(static_cast<std::uint64_t>(body->field_count()))));
    if (f->name() != "batch" && f->name() != "put_taxonomy" && f->name() != "set_policy") {
      fill_with_anything(*r.GetReflection()->MutableMessage(&r, f), random, 3);
      aim(r, pool, random);
      return r;
    }
  }
  const auto any = [&](const auto& rows) { return static_cast<Slot>(random.below(rows.size())); };
  switch (random.below(8)) {
    case 0: *r.mutable_update_party() = with_one_changed(s.load_party(any(s.parties())), pool, random); break;
    case 1: *r.mutable_put_person() = with_one_changed(s.load_person(any(s.persons())), pool, random); break;
    case 2: *r.mutable_update_offer() = with_one_changed(s.load_offer(any(s.offers())), pool, random); break;
    case 3: *r.mutable_update_need() = with_one_changed(s.load_need(any(s.needs())), pool, random); break;
    case 4: *r.mutable_put_account()->mutable_account() = with_one_changed(s.load_account(any(s.accounts())), pool, random); break;
    case 5: *r.mutable_put_area() = with_one_changed(s.load_area(any(s.areas())), pool, random); break;
    case 6: {
      pb::Party p = with_one_changed(s.load_party(any(s.parties())), pool, random);
      p.clear_id();
      *r.mutable_register_party() = p;
      break;
    }
    default: {
      pb::Account a = with_one_changed(s.load_account(any(s.accounts())), pool, random);
      a.clear_id();
      a.set_login("new" + std::to_string(random.below(1'000'000)));
      *r.mutable_put_account()->mutable_account() = a;
    }
  }
  return r;
}

}  // namespace qiao
