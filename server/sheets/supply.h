// Kinds of supply, skills and certificates as people write them: by code or by name in either
// language.
#pragma once

#include <string>

#include "engine/base/refusal.h"
#include "engine/base/time_zone.h"
#include "qiao/v1/need.pb.h"
#include "qiao/v1/offer.pb.h"
#include "qiao/v1/taxonomy.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// The cells of one line or offer; empty if unset.
struct SupplyCells {
  // people, professional, venue, vehicle, equipment, or a resource, optionally after "stock:",
  // which is required if its name is that of a kind of time.
  std::string kind;
  std::string quantity;
  std::string skills;           // a,b
  std::string certificates;     // code, code:level, code:level:2027-12-31
  std::string week;             // offers only
  std::string smallest_lot;     // stock offers only
  std::string expires;          // stock offers only
  std::string handover;         // stock offers only: deliver or collect
  std::string exceptions = {};  // offers only: "2026-12-01 closed; 2026-12-02 09:00-12:00"
};

// A written message is read back equal, except for the order of the slots of a week, and for
// duplicate slots of a day. A refusal names the column of the first cell that cannot be read.
Status read_line(const SupplyCells& cells, const pb::Taxonomy& words, pb::RequirementLine& line);
Status read_offer(const SupplyCells& cells, const pb::Taxonomy& words, const TimeZone& zone,
                  pb::Offer& offer);
SupplyCells write_line(const pb::RequirementLine& line);
SupplyCells write_offer(const pb::Offer& offer, const TimeZone& zone);

// The quantity of a cell as it is counted, and as it is typed. Money is typed in yuan and counted
// in fen: "500.50" is "50050". Anything else is a whole number in either, which may have its unit
// behind it in a cell. Empty text stays empty. `kind`: of the same row.
Result<std::string> counted_quantity(const std::string& text, const std::string& kind,
                                     const pb::Taxonomy& words, const std::string& field);
std::string typed_quantity(const std::string& counted, const std::string& kind,
                           const pb::Taxonomy& words);

// The code of a term, given its code, its Chinese or its English name; the text itself where it is
// none (the server says so).
std::string code_of(const google::protobuf::RepeatedPtrField<pb::Term>& terms,
                    const std::string& text);

// "5 人", "50 kg".
std::string amount(std::int64_t quantity, const std::string& kind_code, const pb::Taxonomy& words,
                   bool chinese);

}  // namespace qiao
