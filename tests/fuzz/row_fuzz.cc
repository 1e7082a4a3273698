// Rows as they come off the disk, read without making messages of them: nothing is read that is not there, and what protobuf
// wrote is read as protobuf reads it.
#include "engine/market/facts.h"
#include "engine/market/personal.h"
#include "tests/fuzz/fuzz.h"

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
std::uint64_t look(const PartyFacts& f) { return f.id.value() + sum(f.excluded_categories) + f.excluded_areas.size(); }
std::uint64_t look(const OfferFacts& f) {
  std::uint64_t s = f.id.value() + sum(f.categories) + sum(f.skills) + sum({f.resource}) + f.weekly.size() + f.exceptions.size();
  for (const auto& c : f.certificates) s += sum({c.code});
  return s;
}
std::uint64_t look(const NeedFacts& f) {
  std::uint64_t s = f.id.value() + sum({f.category}) + f.excluded.size();
  for (const auto& l : f.lines) s += sum(l.skills) + sum({l.resource, l.certificate});
  return s;
}
std::uint64_t look(const MatchFacts& f) { return f.id.value() + f.need.value() + f.offer.value(); }
std::uint64_t look(const NotificationFacts& f) { return f.id.value() + f.need.value() + f.party.value(); }

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
  // What protobuf would not write itself it may read otherwise: fields that come twice, groups of fields that are not known.
  message.DiscardUnknownFields();
  if (message.SerializeAsString() != bytes) return;
  expect(facts.has_value(), "protobuf reads it, and facts are none", Message::descriptor()->name());
  expect(id_of(*facts) == id_of(message), "another id than protobuf's", Message::descriptor()->name());
  expect(marked == has_marked(message), "personal fields are there or not", Message::descriptor()->name());
  if constexpr (std::is_same_v<Message, pb::Need>) expect(facts->lines.size() == static_cast<std::size_t>(message.lines_size()), "other lines than protobuf's");
}

}  // namespace

// The first byte says what it is a row of.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = text_of(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0: check<AreaFacts, pb::Area>(bytes); break;
    case 1: check<PartyFacts, pb::Party>(bytes); break;
    case 2: check<OfferFacts, pb::Offer>(bytes); break;
    case 3: check<NeedFacts, pb::Need>(bytes); break;
    case 4: check<MatchFacts, pb::Match>(bytes); break;
    default: check<NotificationFacts, pb::Notification>(bytes);
  }
  return 0;
}
