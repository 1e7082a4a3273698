// The rows of the market in memory: the fields that decisions use in flat structs, and the whole
// resource as bytes beside them.
//
// A "slot" is the position of a row in its table: dense, stable while the process lives, never sent
// to clients.
//
// Rows are owned by the tables of State, which fold() alone changes, on the thread that owns the
// market. `id` is the public number, `bytes` the resource as it is stored and shown; `first_` and
// `next_` fields link rows of other tables into lists by slot.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/geography.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "engine/rows/blob.h"
#include "engine/rows/pattern.h"
#include "engine/rows/vocabulary.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/area.pb.h"
#include "qiao/v1/match.pb.h"
#include "qiao/v1/need.pb.h"
#include "qiao/v1/offer.pb.h"
#include "qiao/v1/party.pb.h"

namespace qiao {

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = 0xffffffffU;

// A district, street or community.
struct alignas(64) AreaRow {
  AreaCode id;
  Blob bytes;
  Slot parent = kNoSlot;
  pb::AreaLevel level{};
  Point point;
  // Fill of the needs in this community, in millionths of a line (see State::fill_of).
  std::int64_t asked_micro = 0;
  std::int64_t filled_micro = 0;
  Slot fairness = kNoSlot;  // the community (or higher area) that its fill counts for
};

// Bits are positions of categories in the taxonomy; 256 is above kMaxCategories.
using CategorySet = std::bitset<256>;

// What a party has stated that it does not serve.
struct PartyExclusions {
  CategorySet categories;
  std::vector<AreaCode> areas;
};

constexpr bool organises(pb::PartyKind kind) {
  return kind == pb::PARTY_KIND_LEAD || kind == pb::PARTY_KIND_ORGANISER;
}

// A party: the lead, an organiser, or a supplier.
struct PartyRow {
  PartyId id;
  Blob bytes;
  PartyId parent;
  std::unique_ptr<PartyExclusions> exclusions;  // null for most
  Slot area = kNoSlot;
  Slot first_offer = kNoSlot;         // head of the list through OfferRow::next_of_party
  Slot first_person = kNoSlot;        // through PersonRow::next_of_party
  Slot first_notification = kNoSlot;  // through NotificationRow::next_of_party, the newest first
  std::uint32_t kept = 0;             // matches served
  std::uint32_t broken = 0;           // no-shows and withdrawals
  std::uint32_t active_offers = 0;
  Point point;
  std::uint32_t radius_m = 0;
  pb::PartyKind kind{};
  pb::Standing standing{};
};

// A member of a party, with personal data in the bytes.
struct PersonRow {
  PersonId id;
  Blob bytes;
  Time due;  // when its personal data are erased; 0: never
  Slot party = kNoSlot;
  Slot next_of_party = kNoSlot;
};

// A certificate of an offer: its kind and level as numbers of the taxonomy.
struct HeldCertificate {
  std::uint16_t kind;
  std::uint16_t level;
  Time expires;  // 0: never
};

// Fields that only some offers have.
struct OfferExtras {
  std::vector<HeldCertificate> certificates;
  std::vector<DayException> exceptions;
};

// An offer, posted or ended; ended ones are not matched.
struct alignas(64) OfferRow {
  OfferId id;
  Blob bytes;
  std::unique_ptr<OfferExtras> extras;
  const WeekPattern* pattern = nullptr;
  const CategorySet* categories = nullptr;  // categories that it is meant for; null: no restriction
  SkillMask skills;
  std::int64_t quantity = 0;  // capacity of time, total of stock
  std::int64_t given = 0;     // stock held by live matches
  Time valid_from;
  Time valid_to;  // the earlier of the offer's end and the stock's expiry; 0: never
  Slot party = kNoSlot;
  Slot next_of_party = kNoSlot;
  Slot previous_of_party = kNoSlot;
  Slot first_match = kNoSlot;  // head of the list through MatchRow::next_of_offer
  Point point;
  std::uint32_t radius_m = 0;
  std::int32_t smallest_lot = 1;  // kMaxQuantity fits
  std::uint16_t resource = 0;
  std::uint8_t time_kind = 0;  // 0 is stock
  bool collect = false;
  bool active = false;
};

// One cache line: ranking reads lines in random order.
struct alignas(64) LineRow {
  SkillMask skills;
  std::int32_t quantity = 0;  // kMaxQuantity fits
  std::int32_t held = 0;      // by live matches
  std::int32_t secured = 0;   // by matches accepted and later
  Slot need = kNoSlot;
  Interval window{};
  WeekMask week = 0;
  std::uint16_t resource = 0;
  std::uint8_t number = 0;          // from 1
  std::uint8_t time_kind = 0;       // 0 is stock
  std::uint8_t certificate = 0xff;  // 0xff: none
  std::uint8_t level = 0;
};

// A need; its lines are consecutive rows of another table.
struct alignas(64) NeedRow {
  NeedId id;
  // The fields before `ratio` are those that Judge reads, in one cache line.
  pb::NeedState state{};
  pb::Urgency urgency{};
  Time deadline;  // 0: none of its own
  Point point;
  std::uint64_t resident_ref = 0;
  std::unique_ptr<std::vector<PartyId>> excluded;
  Slot area = kNoSlot;
  Slot fairness = kNoSlot;  // the area whose fill it counts for
  std::uint32_t travel_m = 0;
  std::uint16_t category = 0;
  std::uint16_t ratio = 0;
  std::uint8_t line_count = 0;
  std::uint8_t line_room = 0;  // lines allocated at first_line
  bool all_or_nothing = false;
  std::uint8_t raised = 0;  // escalated to: 0 the community, 1 the town, 2 the city
  Blob bytes;
  Seq last_change = 0;  // last event that changed it or one of its matches: its version
  Time due;             // when the market acts next; 0: never
  PartyId organiser;    // 0: none
  Slot first_line = kNoSlot;
  Slot first_match = kNoSlot;  // head of the list through MatchRow::next_of_need
  // Links the list of its resident's needs.
  Slot next_of_resident = kNoSlot;
  Slot previous_of_resident = kNoSlot;
  Slot place_in_waiting = kNoSlot;  // in State::waiting_in() of its area
};

static_assert(sizeof(AreaRow) == 64 && sizeof(LineRow) == 64 && sizeof(OfferRow) == 128 &&
              sizeof(NeedRow) == 128 && offsetof(NeedRow, line_count) <= 64);

// When a need reached each step, and other fields that reports use: stored beside the rows, so that
// a report over all needs does not parse them.
struct NeedProgress {
  static constexpr std::uint16_t kNoTerm = 0xffff;
  // UTC seconds; 0 if it has not reached that step.
  std::uint32_t created = 0;
  std::uint32_t submitted = 0;
  std::uint32_t opened = 0;
  std::uint32_t filled = 0;
  std::uint32_t started = 0;
  std::uint32_t done = 0;
  std::uint32_t ended = 0;
  // Indexes in the taxonomy; kNoTerm if unset.
  std::uint16_t programme = kNoTerm;
  std::uint16_t beneficiary = kNoTerm;
  std::uint8_t stars = 0;  // 0: no review
  bool erased = false;     // its personal data
};

// A match of a line with an offer, from its proposal to its end.
struct MatchRow {
  MatchId id;
  Blob bytes;
  std::int64_t quantity = 0;
  Interval window{};
  Time due;
  Slot need = kNoSlot;
  Slot line = kNoSlot;
  Slot offer = kNoSlot;
  Slot next_of_need = kNoSlot;
  Slot next_of_offer = kNoSlot;
  pb::MatchState state{};
};

// A notification that was sent to a party about a need.
struct NotificationRow {
  NotificationId id;
  Blob bytes;
  Time sent;
  Slot party = kNoSlot;
  Slot need = kNoSlot;
  Slot next_of_party = kNoSlot;
  std::uint8_t line = 0;  // number, from 1
};

// Residents with an account have this number plus the account's id; numbers that organisers assign
// are smaller, so that no account gains access to the needs of another resident.
inline constexpr std::uint64_t kAccountResidents = std::uint64_t{1} << 62;

// An account: who can log in, with which role.
struct AccountRow {
  AccountId id;
  Blob bytes;
  PartyId party;
  PersonId person;
  std::uint64_t resident_ref = 0;
  Time locked_until;
  Slot first_grant = kNoSlot;  // through GrantRow::next_of_account, the newest first
  pb::Role role{};
  bool disabled = false;
};

// BLAKE2b-256 of a session's, token's or invitation's secret.
using SecretHash = std::array<unsigned char, 32>;
// Parses 64 hexadecimal digits; returns nothing for any other text.
std::optional<SecretHash> parse_secret_hash(std::string_view hex);

// A session, a token or an invitation of an account.
struct GrantRow {
  GrantId id;
  Blob bytes;
  // By Operation: whether it is permitted.
  std::bitset<128> operations;
  SecretHash secret{};
  Time expires;
  Slot account = kNoSlot;
  Slot next_of_account = kNoSlot;
  pb::GrantKind kind{};
  bool revoked = false;
};

// From proposed to verified: it occupies its line and its offer.
constexpr bool holds(pb::MatchState s) {
  return s >= pb::MATCH_STATE_PROPOSED && s <= pb::MATCH_STATE_VERIFIED;
}
// From accepted to verified.
constexpr bool secured(pb::MatchState s) {
  return s >= pb::MATCH_STATE_ACCEPTED && s <= pb::MATCH_STATE_VERIFIED;
}
constexpr bool served(pb::MatchState s) {
  return s == pb::MATCH_STATE_SERVED || s == pb::MATCH_STATE_VERIFIED;
}
constexpr bool broken(pb::MatchState s) {
  return s == pb::MATCH_STATE_WITHDRAWN || s == pb::MATCH_STATE_NO_SHOW;
}
constexpr bool live(pb::NeedState s) {
  return s >= pb::NEED_STATE_DRAFT && s <= pb::NEED_STATE_DONE;
}
// Whether offers can still be matched to its lines that have not begun.
constexpr bool takes_matches(pb::NeedState s) {
  return s == pb::NEED_STATE_OPEN || s == pb::NEED_STATE_IN_SERVICE;
}
// Whether it counts for the fill rate of its community.
constexpr bool counts_for_fill(pb::NeedState s) {
  return (s >= pb::NEED_STATE_OPEN && s <= pb::NEED_STATE_REVIEWED) || s == pb::NEED_STATE_EXPIRED;
}

}  // namespace qiao
