// The fields of a resource that the market uses, read directly from its bytes. Parsing a protobuf
// message costs ten times as much, mostly for strings that are not used; a restart reads millions
// (`tools/bench restart`).
//
// Codes are views into the bytes and valid as long as those are. Bytes that are not a message of
// the type are refused; fields that are not named here are skipped. The result equals that of
// protobuf's own parser for messages that protobuf wrote (`Facts.AreWhatProtobufReads`).
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/geography.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "engine/rows/pattern.h"
#include "qiao/v1/area.pb.h"
#include "qiao/v1/match.pb.h"
#include "qiao/v1/need.pb.h"
#include "qiao/v1/notification.pb.h"
#include "qiao/v1/offer.pb.h"
#include "qiao/v1/party.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// The empty constructors avoid filling the inline storage of the lists with zeros, which
// value-initialisation would do.

// Codes of the taxonomy.
using Codes = boost::container::small_vector<std::string_view, 4>;

struct AreaFacts {
  static std::optional<AreaFacts> read(std::string_view bytes);

  AreaCode code;
  AreaCode parent;  // 0: none
  pb::AreaLevel level{};
  Point point;
};

struct PartyFacts {
  PartyFacts() {}
  static std::optional<PartyFacts> read(std::string_view bytes);

  PartyId id;
  PartyId parent;  // 0: none
  AreaCode area;
  Point point;
  std::uint32_t radius_m = 0;
  pb::PartyKind kind{};
  pb::Standing standing{};
  Codes excluded_categories;
  boost::container::small_vector<AreaCode, 4> excluded_areas;
};

struct CertificateFacts {
  std::string_view code;
  std::uint32_t level = 0;
  Time expires;  // 0: never
};

struct OfferFacts {
  OfferFacts() {}
  static std::optional<OfferFacts> read(std::string_view bytes);

  OfferId id;
  PartyId party;
  bool active = false;
  Point point;
  std::uint32_t radius_m = 0;
  Time valid_from;
  Time valid_to;  // 0: never
  Codes categories;
  pb::TimeKind time_kind{};   // unspecified: stock
  std::int64_t quantity = 0;  // capacity of time, total of stock
  // For time.
  boost::container::small_vector<WeekSlot, 8> weekly;
  boost::container::small_vector<DayException, 4> exceptions;
  Codes skills;
  boost::container::small_vector<CertificateFacts, 2> certificates;
  // For stock.
  std::string_view resource;
  std::int64_t smallest_lot = 0;
  Time expires;
  bool collect = false;
};

struct LineFacts {
  LineFacts() {}
  static std::optional<LineFacts> read(std::string_view bytes);

  bool stock = false;
  std::int64_t quantity = 0;
  Interval window{};
  std::string_view resource;  // of stock
  // For time.
  pb::TimeKind time_kind{};
  Codes skills;
  std::string_view certificate;  // empty: none required
  std::uint32_t level = 0;
};

struct NeedFacts {
  NeedFacts() {}
  static std::optional<NeedFacts> read(std::string_view bytes);

  std::string_view bytes;  // the whole message
  NeedId id;
  Seq version = 0;
  AreaCode area;
  Point point;
  std::string_view category;
  pb::Urgency urgency{};
  Time deadline;  // 0: none of its own
  boost::container::small_vector<LineFacts, 4> lines;
  bool all_or_nothing = false;
  std::uint32_t ratio = 0;  // volunteers for each professional; 0: not required
  PartyId organiser;
  std::uint64_t resident_ref = 0;
  std::uint32_t travel_m = 0;
  boost::container::small_vector<PartyId, 4> excluded;
  pb::NeedState state{};
  std::uint32_t raised = 0;
  Time created_at, submitted_at, opened_at, filled_at, started_at, raised_at, done_at, ended_at;
  std::string_view programme;
  std::string_view beneficiary;
  std::uint32_t stars = 0;  // of its review
  bool review_requested = false;
  bool closed = false;
  bool erased = false;
};

struct MatchFacts {
  static std::optional<MatchFacts> read(std::string_view bytes);

  MatchId id;
  Seq version = 0;
  NeedId need;
  std::uint32_t line = 0;  // from 1
  OfferId offer;
  std::int64_t quantity = 0;
  Interval window{};
  pb::MatchState state{};
  Time answer_by, checked_out_at;
};

struct NotificationFacts {
  static std::optional<NotificationFacts> read(std::string_view bytes);

  NotificationId id;
  PartyId party;
  NeedId need;
  std::uint32_t line = 0;  // from 1
  Time sent;
};

}  // namespace qiao
