#include "tools/swarm/shown.h"

#include <memory>
#include <vector>

#include "server/store/store.h"

namespace qiao {
namespace {

// A response adds to a need its version and what its lines hold.
std::string bytes_of(pb::Need need) {
  need.clear_version();
  for (auto& line : *need.mutable_lines()) line.clear_held();
  return need.SerializeAsString();
}

template <class Row>
std::string bytes_of(const Row& row) {
  return row.SerializeAsString();
}

// A row for which `show` may be called only if some of it is visible.
template <class Show>
Shown shown(Sight sight, const Show& show) {
  return sight == Sight::kNothing ? Shown{} : Shown{sight, bytes_of(show())};
}

}  // namespace

void empty_personal(google::protobuf::Message& m) {
  const auto& r = *m.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  r.ListFields(m, &fields);
  for (const auto* f : fields) {
    if (f->options().GetExtension(pb::personal)) {
      r.ClearField(&m, f);
    } else if (!f->is_repeated() && f->message_type() != nullptr) {
      empty_personal(*r.MutableMessage(&m, f));
    }
  }
}

Shown erased(const Shown& shown, pb::Event::RowCase kind) {
  const std::unique_ptr<google::protobuf::Message> row(State::row_type(kind).New());
  if (!row->ParseFromString(shown.row)) return shown;
  empty_personal(*row);
  return {shown.sight, row->SerializeAsString()};
}

Shown shown_by_view(const State& s, const pb::Actor& actor, const std::bitset<128>& operations,
                    pb::Event::RowCase kind, std::uint64_t id) {
  const auto scope = [&](Operation look) {
    return operations.test(static_cast<std::size_t>(look)) ? scope_of(s, look, actor)
                                                           : Scope::kNone;
  };
  const auto view = [&](Operation look) { return View(s, actor, scope(look)); };
  const auto open = [&](Operation look) { return Shown{whole_if(scope(look) != Scope::kNone)}; };
  switch (kind) {
    case pb::Event::kParty: {
      const View v = view(Operation::kGetParty);
      const Slot slot = s.parties().find(PartyId{id});
      return shown(v.party(slot), [&] { return v.show_party(slot); });
    }
    case pb::Event::kPerson: {
      const View v = view(Operation::kGetPerson);
      const Slot slot = s.persons().find(PersonId{id});
      return shown(v.person(slot), [&] { return v.show_person(slot); });
    }
    case pb::Event::kOffer: {
      const View v = view(Operation::kGetOffer);
      const Slot slot = s.offers().find(OfferId{id});
      return shown(v.offer(slot), [&] { return v.show_offer(slot); });
    }
    case pb::Event::kNeed: {
      const View v = view(Operation::kGetNeed);
      const Slot slot = s.needs().find(NeedId{id});
      return shown(v.need(slot), [&] { return v.show_need(slot); });
    }
    case pb::Event::kMatch: {
      const View v = view(Operation::kGetMatch);
      const Slot slot = s.matches().find(MatchId{id});
      return shown(v.match(slot), [&] { return v.show_match(slot); });
    }
    case pb::Event::kNotification: {
      const View v = view(Operation::kListNotifications);
      const Slot slot = s.notifications().find(NotificationId{id});
      return shown(v.notification(slot), [&] { return s.load_notification(slot); });
    }
    case pb::Event::kAccount: {
      const View v = view(Operation::kGetAccount);
      const Slot slot = s.accounts().find(AccountId{id});
      return shown(v.account(slot), [&] { return v.show_account(slot); });
    }
    // Fields that are only in the journal.
    case pb::Event::kGrant:
      return {whole_if(scope(Operation::kListEvents) == Scope::kAll)};
    // Readers that see the need whole, except those who serve it, see who saw its contact.
    case pb::Event::kDisclosure: {
      const Scope looks = scope(Operation::kListDisclosures);
      const Slot need = s.needs().find(NeedId{id});
      if (looks == Scope::kAll) return {Sight::kWhole};
      if (looks == Scope::kNone || need == kNoSlot) return {};
      return {whole_if(View(s, actor, looks).need(need) == Sight::kWhole)};
    }
    case pb::Event::kArea:
      return open(Operation::kGetArea);
    case pb::Event::kPolicy:
      return open(Operation::kGetPolicy);
    default:
      return open(Operation::kGetTaxonomy);
  }
}

Shown shown_by_feed(const pb::Event& e) {
  // The public does not see who did it.
  const Sight sight = e.has_actor() ? Sight::kWhole : Sight::kPublic;
  switch (e.row_case()) {
    case pb::Event::kParty:
      return {sight, bytes_of(e.party())};
    case pb::Event::kPerson:
      return {sight, bytes_of(e.person())};
    case pb::Event::kOffer:
      return {sight, bytes_of(e.offer())};
    case pb::Event::kNeed:
      return {sight, bytes_of(e.need())};
    case pb::Event::kMatch:
      return {sight, bytes_of(e.match())};
    case pb::Event::kNotification:
      return {sight, bytes_of(e.notification())};
    case pb::Event::kAccount:
      return {sight, bytes_of(e.account())};
    default:
      return {Sight::kWhole};
  }
}

std::uint64_t row_id_of(const pb::Event& e) {
  if (!e.has_disclosure()) return key_of(e);
  return e.disclosure().subject() == pb::SUBJECT_KIND_NEED ? e.disclosure().subject_id() : 0;
}

}  // namespace qiao
