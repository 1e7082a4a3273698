// What a party has served (服务记录), and which parties served most.
#pragma once

#include <vector>

#include "engine/rows/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

inline constexpr std::size_t kMaxEntries = 500;
inline constexpr std::string_view kMicroWish = "micro_wish";

// O(matches of the party); parses those that were served. `entries`: with each service, not only
// the sums.
pb::ServiceRecord service_record(const State& state, Slot party, bool entries);

// The active parties of the kind with the most services, at most `most` (at least 1), with their
// public records: services, but not broken promises. In steps; see OverviewCount.
class RecognitionCount {
 public:
  RecognitionCount(const State& state, pb::PartyKind kind, Slot within, std::size_t most);
  // O(parties); each of the last steps takes the time of a record.
  std::size_t steps() const { return parties_ + most_; }
  void add(std::size_t step);
  pb::ListRecognitionResponse finish() { return std::move(found_); }

 private:
  bool more_services(Slot a, Slot b) const;
  void add_party(Slot party);

  const State& state_;
  pb::PartyKind kind_;
  Slot within_;
  std::size_t most_;
  std::size_t parties_;
  std::vector<Slot> best_;  // a heap, the fewest services on top; sorted at the end
  pb::ListRecognitionResponse found_;
};

// The stars for that many unit-minutes.
std::uint32_t star_rating(const pb::RecognitionPolicy& policy, std::int64_t minutes);

}  // namespace qiao
