// Strong identifiers. An id is the sequence number of the event that created the row; 0 means none.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace qiao {

// An integer with a type of its own: a NeedId is not an OfferId. Ordered, hashable, trivially
// copyable.
template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != Rep{}; }
  friend constexpr auto operator<=>(Strong, Strong) = default;
  // Found by Boost.Unordered.
  friend std::size_t hash_value(Strong id) { return std::hash<Rep>{}(id.value_); }

 private:
  Rep value_{};
};

using PartyId = Strong<struct PartyTag, std::uint64_t>;
using PersonId = Strong<struct PersonTag, std::uint64_t>;
using OfferId = Strong<struct OfferTag, std::uint64_t>;
using NeedId = Strong<struct NeedTag, std::uint64_t>;
using MatchId = Strong<struct MatchTag, std::uint64_t>;
using AccountId = Strong<struct AccountTag, std::uint64_t>;
using GrantId = Strong<struct GrantTag, std::uint64_t>;
using NotificationId = Strong<struct NotificationTag, std::uint64_t>;
// 12-digit division code.
using AreaCode = Strong<struct AreaTag, std::uint64_t>;
// Position of an event in the journal: 1, 2, 3, …
using Seq = std::uint64_t;

}  // namespace qiao

template <class Tag, class Rep>
struct std::hash<qiao::Strong<Tag, Rep>> {
  std::size_t operator()(qiao::Strong<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
