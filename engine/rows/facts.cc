#include "engine/rows/facts.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>

namespace qiao {
namespace {

using Reader = protozero::pbf_reader;

// A field with its wire type: a field of another type is unknown, as it is to protobuf.
constexpr std::uint32_t number(int field) {
  return protozero::tag_and_type(static_cast<protozero::pbf_tag_type>(field),
                                 protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t bytes(int field) {
  return protozero::tag_and_type(static_cast<protozero::pbf_tag_type>(field),
                                 protozero::pbf_wire_type::length_delimited);
}

std::string_view view(Reader& r) {
  const auto v = r.get_view();
  return {v.data(), v.size()};
}
// Not get_bool(), which reads a byte past the end of an empty field (found by fuzzing; protozero
// 1.7.1).
bool flag(Reader& r) { return r.get_uint64() != 0; }
// Greater values become the greatest 16-bit number, which is no weekday and no minute.
std::uint16_t shortened(std::uint32_t v) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(v, 0xffff));
}
Time time(Reader& r) { return to_time(r.get_int64()); }
template <class Enum>
Enum read_enum(Reader& r) {
  return static_cast<Enum>(r.get_enum());
}

// Calls field(reader) for each field, which reads or skips it. The reader is passed by reference: a
// copy would read in sixteen bytes what was just written in eight, which causes a store-forwarding
// stall.
template <class Field>
void each_field(Reader& r, Field field) {
  while (r.next()) field(r);
}

// Ids are written packed; like protobuf, unpacked ones are accepted too.
template <class List>
void add_packed(Reader& r, List& list) {
  for (const std::uint64_t v : r.get_packed_uint64()) list.emplace_back(v);
}

void read(Reader&& r, Point& point) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Point::kLatitudeE7FieldNumber):
        point.latitude_e7 = f.get_sint32();
        break;
      case number(pb::Point::kLongitudeE7FieldNumber):
        point.longitude_e7 = f.get_sint32();
        break;
      default:
        f.skip();
    }
  });
}

void read(Reader&& r, Interval& window) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Window::kStartFieldNumber):
        window.start = time(f);
        break;
      case number(pb::Window::kEndFieldNumber):
        window.end = time(f);
        break;
      default:
        f.skip();
    }
  });
}

void read(Reader&& r, AreaFacts& area) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Area::kCodeFieldNumber):
        area.code = AreaCode{f.get_uint64()};
        break;
      case number(pb::Area::kParentCodeFieldNumber):
        area.parent = AreaCode{f.get_uint64()};
        break;
      case number(pb::Area::kLevelFieldNumber):
        area.level = read_enum<pb::AreaLevel>(f);
        break;
      case bytes(pb::Area::kPointFieldNumber):
        read(f.get_message(), area.point);
        break;
      default:
        f.skip();
    }
  });
}

void read(Reader&& r, PartyFacts& party) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Party::kIdFieldNumber):
        party.id = PartyId{f.get_uint64()};
        break;
      case number(pb::Party::kKindFieldNumber):
        party.kind = read_enum<pb::PartyKind>(f);
        break;
      case number(pb::Party::kAreaCodeFieldNumber):
        party.area = AreaCode{f.get_uint64()};
        break;
      case bytes(pb::Party::kPointFieldNumber):
        read(f.get_message(), party.point);
        break;
      case number(pb::Party::kServiceRadiusMFieldNumber):
        party.radius_m = f.get_uint32();
        break;
      case number(pb::Party::kParentIdFieldNumber):
        party.parent = PartyId{f.get_uint64()};
        break;
      case bytes(pb::Party::kExcludedCategoriesFieldNumber):
        party.excluded_categories.push_back(view(f));
        break;
      case bytes(pb::Party::kExcludedAreaCodesFieldNumber):
        add_packed(f, party.excluded_areas);
        break;
      case number(pb::Party::kExcludedAreaCodesFieldNumber):
        party.excluded_areas.emplace_back(f.get_uint64());
        break;
      case number(pb::Party::kStandingFieldNumber):
        party.standing = read_enum<pb::Standing>(f);
        break;
      default:
        f.skip();
    }
  });
}

WeekSlot read_week_slot(Reader&& r) {
  WeekSlot slot{};
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::WeeklySlot::kWeekdayFieldNumber):
        slot.weekday = shortened(f.get_uint32());
        break;
      case number(pb::WeeklySlot::kStartMinuteFieldNumber):
        slot.open.start = shortened(f.get_uint32());
        break;
      case number(pb::WeeklySlot::kEndMinuteFieldNumber):
        slot.open.end = shortened(f.get_uint32());
        break;
      default:
        f.skip();
    }
  });
  return slot;
}

DayException read_exception(Reader&& r) {
  DayException exception{};
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::DatedException::kDateFieldNumber):
        exception.date = f.get_uint32();
        break;
      case number(pb::DatedException::kStartMinuteFieldNumber):
        exception.open.start = shortened(f.get_uint32());
        break;
      case number(pb::DatedException::kEndMinuteFieldNumber):
        exception.open.end = shortened(f.get_uint32());
        break;
      default:
        f.skip();
    }
  });
  return exception;
}

CertificateFacts read_certificate(Reader&& r) {
  CertificateFacts certificate;
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case bytes(pb::Certificate::kCodeFieldNumber):
        certificate.code = view(f);
        break;
      case number(pb::Certificate::kLevelFieldNumber):
        certificate.level = f.get_uint32();
        break;
      case number(pb::Certificate::kExpiresAtFieldNumber):
        certificate.expires = time(f);
        break;
      default:
        f.skip();
    }
  });
  return certificate;
}

void read_time(Reader&& r, OfferFacts& offer) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::TimeSupply::kKindFieldNumber):
        offer.time_kind = read_enum<pb::TimeKind>(f);
        break;
      case number(pb::TimeSupply::kCapacityFieldNumber):
        offer.quantity = f.get_int64();
        break;
      case bytes(pb::TimeSupply::kWeeklyFieldNumber):
        offer.weekly.push_back(read_week_slot(f.get_message()));
        break;
      case bytes(pb::TimeSupply::kExceptionsFieldNumber):
        offer.exceptions.push_back(read_exception(f.get_message()));
        break;
      case bytes(pb::TimeSupply::kSkillsFieldNumber):
        offer.skills.push_back(view(f));
        break;
      case bytes(pb::TimeSupply::kCertificatesFieldNumber):
        offer.certificates.push_back(read_certificate(f.get_message()));
        break;
      default:
        f.skip();
    }
  });
}

void read_stock(Reader&& r, OfferFacts& offer) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case bytes(pb::StockSupply::kResourceFieldNumber):
        offer.resource = view(f);
        break;
      case number(pb::StockSupply::kQuantityFieldNumber):
        offer.quantity = f.get_int64();
        break;
      case number(pb::StockSupply::kSmallestLotFieldNumber):
        offer.smallest_lot = f.get_int64();
        break;
      case number(pb::StockSupply::kExpiresAtFieldNumber):
        offer.expires = time(f);
        break;
      case number(pb::StockSupply::kHandoverFieldNumber):
        offer.collect = f.get_enum() == pb::HANDOVER_COLLECT;
        break;
      default:
        f.skip();
    }
  });
}

void read(Reader&& r, OfferFacts& offer) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Offer::kIdFieldNumber):
        offer.id = OfferId{f.get_uint64()};
        break;
      case number(pb::Offer::kPartyIdFieldNumber):
        offer.party = PartyId{f.get_uint64()};
        break;
      case bytes(pb::Offer::kTimeFieldNumber):
        read_time(f.get_message(), offer);
        break;
      case bytes(pb::Offer::kStockFieldNumber):
        read_stock(f.get_message(), offer);
        break;
      case bytes(pb::Offer::kPointFieldNumber):
        read(f.get_message(), offer.point);
        break;
      case number(pb::Offer::kRadiusMFieldNumber):
        offer.radius_m = f.get_uint32();
        break;
      case number(pb::Offer::kValidFromFieldNumber):
        offer.valid_from = time(f);
        break;
      case number(pb::Offer::kValidToFieldNumber):
        offer.valid_to = time(f);
        break;
      case bytes(pb::Offer::kCategoriesFieldNumber):
        offer.categories.push_back(view(f));
        break;
      case number(pb::Offer::kStateFieldNumber):
        offer.active = f.get_enum() == pb::OFFER_STATE_ACTIVE;
        break;
      default:
        f.skip();
    }
  });
}

void read_time(Reader&& r, LineFacts& line) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::TimeRequirement::kKindFieldNumber):
        line.time_kind = read_enum<pb::TimeKind>(f);
        break;
      case bytes(pb::TimeRequirement::kSkillsFieldNumber):
        line.skills.push_back(view(f));
        break;
      case bytes(pb::TimeRequirement::kCertificateFieldNumber):
        line.certificate = view(f);
        break;
      case number(pb::TimeRequirement::kCertificateLevelFieldNumber):
        line.level = f.get_uint32();
        break;
      default:
        f.skip();
    }
  });
}

void read_stock(Reader&& r, LineFacts& line) {
  line.stock = true;
  each_field(r, [&](Reader& f) {
    if (f.tag_and_type() == bytes(pb::StockRequirement::kResourceFieldNumber)) {
      line.resource = view(f);
    } else {
      f.skip();
    }
  });
}

void read(Reader&& r, LineFacts& line) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case bytes(pb::RequirementLine::kTimeFieldNumber):
        read_time(f.get_message(), line);
        break;
      case bytes(pb::RequirementLine::kStockFieldNumber):
        read_stock(f.get_message(), line);
        break;
      case number(pb::RequirementLine::kQuantityFieldNumber):
        line.quantity = f.get_int64();
        break;
      case bytes(pb::RequirementLine::kWindowFieldNumber):
        read(f.get_message(), line.window);
        break;
      default:
        f.skip();
    }
  });
}

std::uint32_t read_stars(Reader&& r) {
  std::uint32_t stars = 0;
  each_field(r, [&](Reader& f) {
    if (f.tag_and_type() == number(pb::Review::kStarsFieldNumber)) {
      stars = f.get_uint32();
    } else {
      f.skip();
    }
  });
  return stars;
}

// What the market records of a need's progress: its state and the times of its changes.
void read_progress(Reader& f, NeedFacts& need) {
  switch (f.tag_and_type()) {
    case number(pb::Need::kStateFieldNumber):
      need.state = read_enum<pb::NeedState>(f);
      break;
    case number(pb::Need::kRaisedFieldNumber):
      need.raised = f.get_uint32();
      break;
    case number(pb::Need::kCreatedAtFieldNumber):
      need.created_at = time(f);
      break;
    case number(pb::Need::kSubmittedAtFieldNumber):
      need.submitted_at = time(f);
      break;
    case number(pb::Need::kOpenedAtFieldNumber):
      need.opened_at = time(f);
      break;
    case number(pb::Need::kFilledAtFieldNumber):
      need.filled_at = time(f);
      break;
    case number(pb::Need::kStartedAtFieldNumber):
      need.started_at = time(f);
      break;
    case number(pb::Need::kDoneAtFieldNumber):
      need.done_at = time(f);
      break;
    case number(pb::Need::kReviewRequestedFieldNumber):
      need.review_requested = flag(f);
      break;
    case number(pb::Need::kRaisedAtFieldNumber):
      need.raised_at = time(f);
      break;
    case number(pb::Need::kClosedFieldNumber):
      need.closed = flag(f);
      break;
    case number(pb::Need::kEndedAtFieldNumber):
      need.ended_at = time(f);
      break;
    default:
      f.skip();
  }
}

void read(Reader&& r, NeedFacts& need) {
  const auto all = r.data();
  need.bytes = {all.data(), all.size()};
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Need::kIdFieldNumber):
        need.id = NeedId{f.get_uint64()};
        break;
      case number(pb::Need::kVersionFieldNumber):
        need.version = f.get_uint64();
        break;
      case number(pb::Need::kAreaCodeFieldNumber):
        need.area = AreaCode{f.get_uint64()};
        break;
      case bytes(pb::Need::kPointFieldNumber):
        read(f.get_message(), need.point);
        break;
      case bytes(pb::Need::kCategoryFieldNumber):
        need.category = view(f);
        break;
      case bytes(pb::Need::kBeneficiaryFieldNumber):
        need.beneficiary = view(f);
        break;
      case bytes(pb::Need::kProgrammeFieldNumber):
        need.programme = view(f);
        break;
      case bytes(pb::Need::kReviewFieldNumber):
        need.stars = read_stars(f.get_message());
        break;
      case number(pb::Need::kUrgencyFieldNumber):
        need.urgency = read_enum<pb::Urgency>(f);
        break;
      case number(pb::Need::kDeadlineFieldNumber):
        need.deadline = time(f);
        break;
      case bytes(pb::Need::kLinesFieldNumber):
        read(f.get_message(), need.lines.emplace_back());
        break;
      case number(pb::Need::kAllOrNothingFieldNumber):
        need.all_or_nothing = flag(f);
        break;
      case number(pb::Need::kVolunteersPerProfessionalFieldNumber):
        need.ratio = f.get_uint32();
        break;
      case number(pb::Need::kOrganiserIdFieldNumber):
        need.organiser = PartyId{f.get_uint64()};
        break;
      case number(pb::Need::kErasedFieldNumber):
        need.erased = flag(f);
        break;
      case number(pb::Need::kResidentRefFieldNumber):
        need.resident_ref = f.get_uint64();
        break;
      case number(pb::Need::kTravelMFieldNumber):
        need.travel_m = f.get_uint32();
        break;
      case bytes(pb::Need::kExcludedPartyIdsFieldNumber):
        add_packed(f, need.excluded);
        break;
      case number(pb::Need::kExcludedPartyIdsFieldNumber):
        need.excluded.emplace_back(f.get_uint64());
        break;
      default:
        read_progress(f, need);
    }
  });
}

void read(Reader&& r, MatchFacts& match) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Match::kIdFieldNumber):
        match.id = MatchId{f.get_uint64()};
        break;
      case number(pb::Match::kVersionFieldNumber):
        match.version = f.get_uint64();
        break;
      case number(pb::Match::kNeedIdFieldNumber):
        match.need = NeedId{f.get_uint64()};
        break;
      case number(pb::Match::kLineFieldNumber):
        match.line = f.get_uint32();
        break;
      case number(pb::Match::kOfferIdFieldNumber):
        match.offer = OfferId{f.get_uint64()};
        break;
      case number(pb::Match::kQuantityFieldNumber):
        match.quantity = f.get_int64();
        break;
      case bytes(pb::Match::kWindowFieldNumber):
        read(f.get_message(), match.window);
        break;
      case number(pb::Match::kStateFieldNumber):
        match.state = read_enum<pb::MatchState>(f);
        break;
      case number(pb::Match::kAnswerByFieldNumber):
        match.answer_by = time(f);
        break;
      case number(pb::Match::kCheckedOutAtFieldNumber):
        match.checked_out_at = time(f);
        break;
      default:
        f.skip();
    }
  });
}

void read(Reader&& r, NotificationFacts& notification) {
  each_field(r, [&](Reader& f) {
    switch (f.tag_and_type()) {
      case number(pb::Notification::kIdFieldNumber):
        notification.id = NotificationId{f.get_uint64()};
        break;
      case number(pb::Notification::kPartyIdFieldNumber):
        notification.party = PartyId{f.get_uint64()};
        break;
      case number(pb::Notification::kNeedIdFieldNumber):
        notification.need = NeedId{f.get_uint64()};
        break;
      case number(pb::Notification::kLineFieldNumber):
        notification.line = f.get_uint32();
        break;
      case number(pb::Notification::kSentAtFieldNumber):
        notification.sent = time(f);
        break;
      default:
        f.skip();
    }
  });
}

// In one function, so that the reader stays in registers: this saves a tenth of a restart.
template <class Facts>
[[gnu::flatten]] std::optional<Facts> read_all(std::string_view bytes) {
  std::optional<Facts> facts(std::in_place);
  try {
    read(Reader(bytes.data(), bytes.size()), *facts);
  } catch (const protozero::exception&) {  // how the library reports an invalid message
    facts.reset();
  }
  return facts;
}

}  // namespace

std::optional<AreaFacts> AreaFacts::read(std::string_view bytes) {
  return read_all<AreaFacts>(bytes);
}
std::optional<PartyFacts> PartyFacts::read(std::string_view bytes) {
  return read_all<PartyFacts>(bytes);
}
std::optional<OfferFacts> OfferFacts::read(std::string_view bytes) {
  return read_all<OfferFacts>(bytes);
}
std::optional<LineFacts> LineFacts::read(std::string_view bytes) {
  return read_all<LineFacts>(bytes);
}
std::optional<NeedFacts> NeedFacts::read(std::string_view bytes) {
  return read_all<NeedFacts>(bytes);
}
std::optional<MatchFacts> MatchFacts::read(std::string_view bytes) {
  return read_all<MatchFacts>(bytes);
}
std::optional<NotificationFacts> NotificationFacts::read(std::string_view bytes) {
  return read_all<NotificationFacts>(bytes);
}

}  // namespace qiao
