// Private to the routes: pages of lists, and common query parameters.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/market/validate.h"
#include "server/api/epoch.h"
#include "server/api/render.h"
#include "server/api/route.h"
#include "server/api/services.h"

namespace qiao {

inline constexpr std::uint64_t kDefaultPage = 50;
inline constexpr std::uint64_t kMaxPage = 500;
// Rows read for one page: bounds the cost of a filter that matches nothing.
inline constexpr Slot kMaxScanned = 20'000;
inline constexpr std::uint64_t kAny = ~std::uint64_t{0};

inline constexpr QueryParam kPageSize{
    "pageSize", "Maximum number of rows on the page, 1..500; 50 by default.", "integer"};
inline constexpr QueryParam kPageToken{"pageToken", "nextPageToken of the previous page."};
inline constexpr QueryParam kNewest{"newest", "1: the newest first; 0 (default): the oldest first.",
                                    "integer"};

// The rows of a list: all rows of a table, or those of linked lists.
struct Slots {
  std::optional<std::vector<Slot>> chosen = {};

  // Adds the rows of a linked list.
  template <class Next>
  void follow(Slot first, Next next) {
    if (!chosen) chosen.emplace();
    for (Slot s = first; s != kNoSlot; s = next(s)) chosen->push_back(s);
  }
  Slot count(Slot all) const { return chosen ? static_cast<Slot>(chosen->size()) : all; }
  Slot operator[](Slot i) const { return chosen ? (*chosen)[i] : i; }
  // The index of the slot, or where it would be inserted.
  Slot place(Slot slot) const {
    return chosen ? static_cast<Slot>(std::lower_bound(chosen->begin(), chosen->end(), slot) -
                                      chosen->begin())
                  : slot;
  }
};

// The first row whose id is not smaller. Rows are ordered by id; areas are not, but all of them are
// public.
template <class Id, class Rows>
Slot first_from(const Rows& rows, Id id) {
  if constexpr (std::is_same_v<Id, AreaCode>) {
    const Slot exact = rows.find(id);
    if (exact != kNoSlot) return exact;
    const Slot before = rows.find(Id{id.value() - 1});
    return before == kNoSlot ? rows.size() : before + 1;
  } else {
    Slot low = 0;
    Slot high = rows.size();
    while (low < high) {
      const Slot middle = low + (high - low) / 2;
      rows[middle].id.value() < id.value() ? low = middle + 1 : high = middle;
    }
    return low;
  }
}

// Adds the rows for which keep(slot) is true, from the end of the previous page. Returns the token
// of the next page.
template <class Id, class Rows, class Keep, class Add>
Result<std::string> page(const Call& call, const Rows& rows, Slots slots, Keep keep, Add add) {
  // Linked lists begin with the newest row; pages are in the order of slots, which is the order of
  // ids.
  if (slots.chosen) std::sort(slots.chosen->begin(), slots.chosen->end());
  QIAO_TRY(auto size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
  QIAO_TRY(auto newest, query_number(call, "newest", 0, 1, 0));
  const Slot count = slots.count(rows.size());
  Slot at = newest != 0 ? count : 0;  // newest first: one past the next row
  if (call.param("pageToken") != nullptr) {
    QIAO_TRY(const auto last, without_epoch(*call.param("pageToken"), call.epoch, "pageToken"));
    // The row of the token need not exist: the page begins where it would be, so that the response
    // does not reveal whether it does.
    const Slot slot = newest != 0 ? first_from(rows, Id{last})
                                  : first_from(rows, Id{last + (last != kAny ? 1 : 0)});
    at = slots.place(slot);
  }
  std::uint64_t found = 0;
  Slot scanned = 0;
  Slot last = kNoSlot;
  while (newest != 0 ? at > 0 : at < count) {
    if (found == size || scanned == kMaxScanned)
      return with_epoch(rows[last].id.value(), call.epoch);
    last = slots[newest != 0 ? --at : at++];
    ++scanned;
    if (!keep(last)) continue;
    ++found;
    add(last);
  }
  return std::string();
}

// The area of a query parameter; kNoSlot without one.
inline Result<Slot> area_param(const Call& call, const State& state, const char* name = "area") {
  QIAO_TRY(auto code, query_number(call, name, 0, kAny, 0));
  if (code == 0) return kNoSlot;
  const Slot slot = state.areas().find(AreaCode{code});
  if (slot == kNoSlot) return refuse(Code::kUnknownArea, name, std::to_string(code));
  return slot;
}

// The word of the vocabulary for the code in a query parameter; nothing without one.
inline Result<std::optional<std::uint16_t>> word_param(const Call& call, const State& state,
                                                       const char* name, WordList list) {
  const std::string* code = call.param(name);
  if (code == nullptr) return std::optional<std::uint16_t>();
  const auto word = state.vocabulary().find(list, *code);
  if (!word) return refuse(Code::kUnknownCode, name, quoted(*code));
  return word;
}

}  // namespace qiao
