#include "tools/swarm/shown.h"

#include <memory>
#include <type_traits>
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

// Kinds of row that some response shows, but not to everybody.
template <class Kind>
constexpr bool is_shown =
    Keyed<Kind> && !std::is_same_v<Kind, kinds::Area> && !std::is_same_v<Kind, kinds::Grant>;

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
  // Readers that see the need whole, except those who serve it, see who saw its contact.
  if (kind == pb::Event::kDisclosure) {
    const Scope looks = scope(Operation::kListDisclosures);
    const Slot need = s.needs().find(NeedId{id});
    if (looks == Scope::kAll) return {Sight::kWhole};
    if (looks == Scope::kNone || need == kNoSlot) return {};
    return {whole_if(View(s, actor, looks).sight(kinds::Need{}, need) == Sight::kWhole)};
  }
  // Fields that are only in the journal.
  if (kind == pb::Event::kGrant) return {whole_if(scope(Operation::kListEvents) == Scope::kAll)};
  return visit_kind(kind, [&](auto k) {
    if constexpr (is_shown<decltype(k)>) {
      const View view(s, actor, scope(k.kRead));
      const Slot slot = s.rows(k).find(typename decltype(k)::Id{id});
      return shown(view.sight(k, slot), [&] { return view.show(k, slot); });
    } else {
      return Shown{whole_if(scope(k.kRead) != Scope::kNone)};
    }
  });
}

Shown shown_by_feed(const pb::Event& e) {
  // The public does not see who did it.
  const Sight sight = e.has_actor() ? Sight::kWhole : Sight::kPublic;
  return visit_kind(e.row_case(), [&](auto kind) {
    return is_shown<decltype(kind)> ? Shown{sight, bytes_of(kind.row_in(e))} : Shown{Sight::kWhole};
  });
}

std::uint64_t row_id_of(const pb::Event& e) {
  if (!e.has_disclosure()) return key_of(e);
  return e.disclosure().subject() == pb::SUBJECT_KIND_NEED ? e.disclosure().subject_id() : 0;
}

}  // namespace qiao
