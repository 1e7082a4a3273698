// Commands as they come off the wire, one after another, into a market: refused or taken, never
// half.
#include "engine/rows/invariants.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"

using namespace qiao;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pb::Batch program;
  if (!program.ParseFromArray(data, static_cast<int>(size)) || program.commands_size() > 30)
    return 0;
  City city;
  const std::uint64_t team = city.team();
  city.post(offer(team).people(5));
  city.post(need().people(3));
  for (const pb::Command& command : program.commands()) {
    city.now += Seconds{3600};
    const std::uint64_t before = digest(city.state());
    const auto outcome = city.apply(command);
    if (!outcome) {
      expect(!outcome.error().en().empty() && !outcome.error().zh().empty(),
             "a refusal without words");
      expect(digest(city.state()) == before, "refused, and yet something changed");
    }
  }
  const auto breaches = check_invariants(city.state());
  expect(breaches.empty(), "broken invariant", breaches.empty() ? "" : breaches.front());
  return 0;
}
