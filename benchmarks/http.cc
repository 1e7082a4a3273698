// GET of one need over HTTP against a bare Beast responder with a body of the same size, both with
// the same load; and authenticated, with a token and with a browser's session, against
// the same anonymously.
//   tools/bench http
#include <filesystem>

#include "benchmarks/load.h"
#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "proto/json/json.h"
#include "server/store/store.h"

namespace qiao::bench {
namespace {

void run() {
  const std::string folder = std::filesystem::temp_directory_path() / "qiao-bench-http";
  std::filesystem::remove_all(folder);
  std::vector<std::uint64_t> needs;
  std::size_t bytes = 0;
  LeadAccount known;
  {
    auto store = Store::open(folder + "/db", Store::Mode::kCreateIfMissing);
    QIAO_CHECK(store.has_value(), "the disk takes a database");
    RankedMarket market;
    Group group;
    fill(market, {2'000, 2'000},
         [&](const Outcome& o) { group.add(o.events, market.state(), *store.value()); });
    known = add_lead_account(
        market, [&](const Outcome& o) { group.add(o.events, market.state(), *store.value()); });
    QIAO_CHECK(store.value()->commit(group).has_value(), "the disk takes a write");
    for (Slot n = 0; n < market.state().needs().size(); ++n) {
      needs.push_back(market.state().needs()[n].id.value());
      bytes += to_json(market.state().load_need(n)).size();
    }
  }
  const std::size_t body = bytes / needs.size();
  const double seconds = static_cast<double>(scaled(2, 10));
  const auto get_as = [&](const std::string& who) {
    return [&needs, who](std::uint64_t i) {
      return "GET /v1/needs/" + std::to_string(needs[i % needs.size()]) +
             " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n" + who + "\r\n";
    };
  };
  const auto get = get_as("");
  // In turns, so that what else the machine does hits both.
  double ours = 0;
  double theirs = 0;
  double by_token = 0;
  double by_session = 0;
  std::vector<double> latency;
  const int turns = 4;
  for (int i = 0; i < turns; ++i) {
    {
      const Child peer({QIAO_BUILD "/benchmarks/beast_peer", std::to_string(body)},
                       folder + "/peer.log");
      theirs += load(peer.port(), 64, ~std::uint64_t{0}, seconds / 2, get).rate() / turns;
    }
    const Child server(
        {QIAO_BUILD "/server/qiaod", "--data", folder + "/db", "--port", "0", "--time-share", "0"},
        folder + "/qiaod.log");
    const LoadResult r = load(server.port(), 64, ~std::uint64_t{0}, seconds / 2, get);
    if (r.failed > 0) std::exit(1);
    ours += r.rate() / turns;
    by_token +=
        load(server.port(), 64, ~std::uint64_t{0}, seconds / 2, get_as(known.token)).rate() / turns;
    by_session +=
        load(server.port(), 64, ~std::uint64_t{0}, seconds / 2, get_as(known.session)).rate() /
        turns;
    latency = r.latency_us;
  }
  figure("http.get_need.body", static_cast<double>(body), "B");
  compared("http.get_need", ours, "per s", "bare Beast, per s", theirs, Goal::kAtLeast, 0.7);
  compared("http.get_need.by_token", by_token, "per s", "anonymously, per s", ours, Goal::kAtLeast,
           0.85);
  compared("http.get_need.by_session", by_session, "per s", "anonymously, per s", ours,
           Goal::kAtLeast, 0.85);
  figure("http.get_need.p99", percentile(latency, 0.99), "us",
         "64 connections, load on the same two cores");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
