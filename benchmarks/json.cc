// Is the JSON converter as much faster than protobuf's own as the design says?
//   tools/bench json
#include "proto/json/json.h"

#include <google/protobuf/util/json_util.h>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"

namespace qiao::bench {
namespace {

template <class Body>
double microseconds(int times, Body body) {
  const Stopwatch watch;
  for (int i = 0; i < times; ++i) body();
  return watch.seconds() * 1e6 / times;
}

void run() {
  RankedMarket market;
  fill(market, {10, 10});
  const pb::Need need = market.state().load_need(0);
  const std::string json = to_json(need);
  const int times = static_cast<int>(scaled(20'000, 200'000));
  std::string out;
  const double write = microseconds(times, [&] {
    out.clear();
    append_json(need, out);
  });
  const double write_protobuf = microseconds(times / 10, [&] {
    out.clear();
    if (!google::protobuf::util::MessageToJsonString(need, &out).ok()) std::abort();
  });
  pb::Need into;
  const double read = microseconds(times, [&] {
    into.Clear();
    if (!from_json(json, into)) std::abort();
  });
  const double read_protobuf = microseconds(times / 10, [&] {
    into.Clear();
    if (!google::protobuf::util::JsonStringToMessage(json, &into).ok()) std::abort();
  });
  figure("json.size", static_cast<double>(json.size()), "B");
  compared("json.write", write, "us", "protobuf's own, us", write_protobuf, Goal::kAtMost, 0.2);
  compared("json.read", read, "us", "protobuf's own, us", read_protobuf, Goal::kAtMost, 0.2);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
