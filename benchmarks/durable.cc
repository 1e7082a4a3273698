// Durable claims a second: through the whole server, and in batches without HTTP, against what
// RocksDB alone does with the same bytes on the same disk, and against PostgreSQL where it is
// running (QIAO_PG_CLAIMS: what pgbench said).
//   tools/bench durable
#include <rocksdb/db.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <thread>

#include "benchmarks/load.h"
#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "server/runtime/runtime.h"
#include "server/store/store.h"

namespace qiao::bench {
namespace {

// Claims per offer: a calendar that one offer would hardly have, so that what is measured is the
// commit.
constexpr std::int64_t kClaimsPerOffer = 20;
// Of batches, and of PostgreSQL (postgres.sh); through HTTP there are 64.
constexpr int kClients = 32;

struct Claims {
  std::vector<std::uint64_t> needs;
  std::vector<std::uint64_t> offers;
  pb::Command command(std::size_t i) const {
    pb::Command c;
    c.mutable_actor()->set_role(pb::ROLE_LEAD);
    pb::MakeMatch& m = *c.mutable_make_match();
    m.set_need_id(needs[i]);
    m.set_line(1);
    m.set_offer_id(offers[i / kClaimsPerOffer]);
    m.set_quantity(1);
    m.set_how(pb::MATCH_STATE_CLAIMED);
    return c;
  }
};

// A city with so many needs of two people each, and offers to claim them with.
Claims prepare(Market& market, std::int64_t count, Group& group, Store& store) {
  Claims claims;
  const auto keep = [&](const Outcome& o) { group.add(o.events, market.state(), store); };
  fill(market, {0, 20}, keep);
  const State& s = market.state();
  std::uint64_t community = 0;
  for (Slot a = 0; a < s.areas().size(); ++a) {
    if (s.areas()[a].level == pb::AREA_LEVEL_COMMUNITY) community = s.areas()[a].id.value();
  }
  const std::uint64_t party = s.parties()[0].id.value();
  const auto give = [&](const pb::Command& c) {
    const Outcome o = must(market, c);
    keep(o);
    return o.subjects.front().key;
  };
  const Point at = s.areas()[s.areas().find(AreaCode{community})].point;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i % kClaimsPerOffer == 0) {
      pb::Command c;
      c.mutable_actor()->set_role(pb::ROLE_LEAD);
      pb::Offer& o = *c.mutable_post_offer();
      o.set_party_id(party);
      o.set_title("志愿者");
      o.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
      o.mutable_time()->set_capacity(1000);
      o.mutable_point()->set_latitude_e7(at.latitude_e7);
      o.mutable_point()->set_longitude_e7(at.longitude_e7);
      o.set_radius_m(20'000);
      claims.offers.push_back(give(c));
    }
    pb::Command c;
    c.mutable_actor()->set_role(pb::ROLE_LEAD);
    pb::Need& n = *c.mutable_post_need()->mutable_need();
    n.set_area_code(community);
    n.set_title("陪老人");
    n.set_category("elder_care");
    pb::RequirementLine& l = *n.add_lines();
    l.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
    l.set_quantity(2);
    // Far enough ahead that it is open whenever this runs.
    l.mutable_window()->set_start(to_int(kNow) + 86'400 * 700);
    l.mutable_window()->set_end(l.window().start() + 7200);
    claims.needs.push_back(give(c));
  }
  return claims;
}

std::string fresh(const std::string& name) {
  const std::string folder = std::filesystem::temp_directory_path() / ("qiao-bench-" + name);
  std::filesystem::remove_all(folder);
  return folder;
}

std::unique_ptr<Store> open(const std::string& folder) {
  auto store = Store::open(folder, Store::Mode::kCreateIfMissing);
  QIAO_CHECK(store.has_value(), "the disk takes a database");
  return std::move(store).value();
}

// So many threads write these batches, each with a sync of its own that RocksDB groups. Writes a
// second.
double rocksdb_alone(const std::vector<std::string>& batches, int threads) {
  const std::string folder = fresh("rocksdb");
  const auto store = open(folder);
  std::atomic<std::size_t> next{0};
  const Stopwatch watch;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      rocksdb::WriteOptions sync;
      sync.sync = true;
      for (std::size_t i = next++; i < batches.size(); i = next++) {
        rocksdb::WriteBatch batch(batches[i]);
        QIAO_CHECK(store->db().Write(sync, &batch).ok(), "the disk takes a write");
      }
    });
  }
  for (auto& t : all) t.join();
  const double rate = static_cast<double>(batches.size()) / watch.seconds();
  std::filesystem::remove_all(folder);
  return rate;
}

// The runtime without HTTP in front of it, with so many clients that each wait for the answer to
// one batch before they send the next.
double batches_a_second(Store& store, const std::vector<pb::Command>& batches) {
  boost::asio::io_context context;
  Metrics metrics;
  auto runtime = Runtime::start(context, store, metrics, [] { return kNow; });
  QIAO_CHECK(runtime.has_value(), "the database opens again");
  std::size_t next = 0;
  std::size_t done = 0;
  const std::function<void()> send = [&] {
    if (next == batches.size()) return;
    const auto applied = runtime.value()->apply(batches[next++]);
    QIAO_CHECK(applied.has_value(), "claims are taken");
    runtime.value()->when_durable(applied.value().seq, [&] {
      if (++done == batches.size()) context.stop();
      send();
    });
  };
  const Stopwatch watch;
  for (int c = 0; c < kClients; ++c) boost::asio::post(context, send);
  context.run();
  return static_cast<double>(batches.size()) / watch.seconds();
}

void run() {
  const auto count = static_cast<std::size_t>(scaled(40'000, 200'000));
  constexpr std::size_t kPerBatch = 64;
  const std::string folder = fresh("durable");

  // Without HTTP, in batches of 64.
  std::vector<std::string> singles;
  std::vector<std::string> packed;
  std::vector<std::string> together;
  std::vector<pb::Command> batches;
  {
    const auto store = open(folder + "-batched");
    Market market(make_ranking);
    Group setup;
    const Claims claims = prepare(market, static_cast<std::int64_t>(count), setup, *store);
    QIAO_CHECK(store->commit(setup).has_value(), "the disk takes a write");
    // What each claim alone would write, each batch, and the batches of all clients in one.
    Group round;
    for (std::size_t i = 0; i < count; i += kPerBatch) {
      Group all;
      pb::Command& batch = batches.emplace_back();
      batch.mutable_actor()->set_role(pb::ROLE_LEAD);
      for (std::size_t k = i; k < std::min(count, i + kPerBatch); ++k) {
        *batch.mutable_batch()->add_commands()->mutable_make_match() =
            claims.command(k).make_match();
        const Outcome made = must(market, claims.command(k));
        Group one;
        one.add(made.events, market.state(), *store);
        singles.push_back(one.batch().Data());
        all.add(made.events, market.state(), *store);
        round.add(made.events, market.state(), *store);
      }
      packed.push_back(all.batch().Data());
      if (batches.size() % kClients == 0 || i + kPerBatch >= count) {
        together.push_back(round.batch().Data());
        round.clear();
      }
    }
  }
  double batched = 0;
  {
    const auto store = open(folder + "-batched");
    batched = batches_a_second(*store, batches) * static_cast<double>(count) /
              static_cast<double>(batches.size());
  }
  std::filesystem::remove_all(folder + "-batched");
  figure("durable.bytes", static_cast<double>(singles[0].size()), "B/claim",
         "journal and rows of one claim");
  const double alone = rocksdb_alone(singles, 64);
  // RocksDB groups what threads write at the same time; one thread that writes what they all have
  // is faster.
  const double grouped = rocksdb_alone(packed, kClients) * static_cast<double>(count) /
                         static_cast<double>(packed.size());
  const double at_once = rocksdb_alone(together, 1) * static_cast<double>(count) /
                         static_cast<double>(together.size());

  // Through the whole server.
  double through = 0;
  std::vector<double> latency;
  LeadAccount known;
  {
    Claims claims;
    {
      const auto store = open(folder + "/db");
      Market market(make_ranking);
      Group setup;
      claims = prepare(market, static_cast<std::int64_t>(count), setup, *store);
      known = add_lead_account(
          market, [&](const Outcome& o) { setup.add(o.events, market.state(), *store); });
      QIAO_CHECK(store->commit(setup).has_value(), "the disk takes a write");
    }
    // What the server does by itself is another question: a clearing of 40,000 claims of one window
    // takes the market thread, too.
    const Child server({QIAO_BUILD "/server/qiaod", "--data", folder + "/db", "--port", "0",
                        "--write-rate", "0", "--time-share", "0", "--background", "false"},
                       folder + "/qiaod.log");
    const LoadResult r = load(server.port(), 64, count, 60, [&](std::uint64_t i) {
      const std::string body =
          "{\"needId\":" + std::to_string(claims.needs[i]) +
          ",\"line\":1,\"offerId\":" + std::to_string(claims.offers[i / kClaimsPerOffer]) +
          ",\"quantity\":1}";
      return "POST /v1/matches:claim HTTP/1.1\r\nHost: localhost\r\n" + known.token +
             "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body;
    });
    if (r.failed > 0) std::exit(1);
    through = r.rate();
    latency = r.latency_us;
  }
  std::filesystem::remove_all(folder);
  compared("durable.http", through, "claims/s", "RocksDB alone, 64 threads, per s", alone,
           Goal::kAtLeast, 0.5);
  figure("durable.http.p99", percentile(latency, 0.99), "us",
         "64 connections, load on the same two cores");
  compared("durable.batches_of_64", batched, "claims/s",
           "RocksDB alone, the faster of 32 threads and one with all of theirs, per s",
           std::max(grouped, at_once), Goal::kAtLeast, 0.7);
  if (const char* pg = std::getenv("QIAO_PG_CLAIMS")) {
    const double postgres = std::strtod(pg, nullptr);
    compared("durable.http.vs_postgresql", through, "claims/s", "PostgreSQL, 32 clients, claims/s",
             postgres, Goal::kAtLeast, 2);
    compared("durable.batches.vs_postgresql", batched, "claims/s",
             "PostgreSQL, 32 clients, claims/s", postgres, Goal::kAtLeast, 8);
  }
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
