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
// Claims in a batch.
constexpr std::size_t kPerBatch = 64;

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
  all.reserve(static_cast<std::size_t>(threads));
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

// What claims write to the database.
struct Writes {
  std::vector<std::string> claims;    // one claim each
  std::vector<std::string> batches;   // one batch each
  std::vector<std::string> rounds;    // the batches of all clients in one
  std::vector<pb::Command> commands;  // of the batches
};

pb::Command batch_of(const Claims& claims, std::size_t begin, std::size_t end) {
  pb::Command batch;
  batch.mutable_actor()->set_role(pb::ROLE_LEAD);
  for (std::size_t i = begin; i < end; ++i)
    *batch.mutable_batch()->add_commands()->mutable_make_match() = claims.command(i).make_match();
  return batch;
}

// Makes a database in which so many claims can be made.
Writes writes_of(const std::string& folder, std::size_t count) {
  const auto store = open(folder);
  RankedMarket market;
  Group setup;
  const Claims claims = prepare(market, static_cast<std::int64_t>(count), setup, *store);
  QIAO_CHECK(store->commit(setup).has_value(), "the disk takes a write");
  Writes writes;
  Group round;
  for (std::size_t i = 0; i < count; i += kPerBatch) {
    const std::size_t end = std::min(count, i + kPerBatch);
    writes.commands.push_back(batch_of(claims, i, end));
    Group batch;
    for (std::size_t k = i; k < end; ++k) {
      const Outcome made = must(market, claims.command(k));
      Group one;
      one.add(made.events, market.state(), *store);
      writes.claims.push_back(one.batch().Data());
      batch.add(made.events, market.state(), *store);
      round.add(made.events, market.state(), *store);
    }
    writes.batches.push_back(batch.batch().Data());
    if (writes.commands.size() % kClients == 0 || end == count) {
      writes.rounds.push_back(round.batch().Data());
      round.clear();
    }
  }
  return writes;
}

// Through the whole server.
LoadResult claims_over_http(const std::string& folder, std::size_t count) {
  Claims claims;
  LeadAccount known;
  {
    const auto store = open(folder + "/db");
    RankedMarket market;
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
  return load(server.port(), 64, count, 60, [&](std::uint64_t i) {
    const std::string body =
        "{\"needId\":" + std::to_string(claims.needs[i]) +
        ",\"line\":1,\"offerId\":" + std::to_string(claims.offers[i / kClaimsPerOffer]) +
        ",\"quantity\":1}";
    return "POST /v1/matches:claim HTTP/1.1\r\nHost: localhost\r\n" + known.token +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  });
}

void compare_with_postgresql(double claims_per_s, double batched) {
  const char* pg = std::getenv("QIAO_PG_CLAIMS");
  if (pg == nullptr) return;
  const double postgres = std::strtod(pg, nullptr);
  compared("durable.http.vs_postgresql", claims_per_s, "claims/s",
           "PostgreSQL, 32 clients, claims/s", postgres, Goal::kAtLeast, 2);
  compared("durable.batches.vs_postgresql", batched, "claims/s", "PostgreSQL, 32 clients, claims/s",
           postgres, Goal::kAtLeast, 8);
}

void run() {
  const auto count = static_cast<std::size_t>(scaled(40'000, 200'000));
  const std::string folder = fresh("durable");
  const std::string batched_folder = folder + "-batched";

  // Without HTTP, in batches of 64.
  const Writes writes = writes_of(batched_folder, count);
  // How many claims a second, by how many of the writes.
  const auto claims_per_s = [&](double writes_per_s, std::size_t all_writes) {
    return writes_per_s * static_cast<double>(count) / static_cast<double>(all_writes);
  };
  double batched = 0;
  {
    const auto store = open(batched_folder);
    batched = claims_per_s(batches_a_second(*store, writes.commands), writes.commands.size());
  }
  std::filesystem::remove_all(batched_folder);
  figure("durable.bytes", static_cast<double>(writes.claims[0].size()), "B/claim",
         "journal and rows of one claim");
  const double alone = rocksdb_alone(writes.claims, 64);
  // RocksDB groups what threads write at the same time; one thread that writes what they all have
  // is faster.
  const double grouped =
      claims_per_s(rocksdb_alone(writes.batches, kClients), writes.batches.size());
  const double at_once = claims_per_s(rocksdb_alone(writes.rounds, 1), writes.rounds.size());

  const LoadResult http = claims_over_http(folder, count);
  if (http.failed > 0) std::exit(1);
  std::filesystem::remove_all(folder);
  compared("durable.http", http.rate(), "claims/s", "RocksDB alone, 64 threads, per s", alone,
           Goal::kAtLeast, 0.5);
  figure("durable.http.p99", percentile(http.latency_us, 0.99), "us",
         "64 connections, load on the same two cores");
  compared("durable.batches_of_64", batched, "claims/s",
           "RocksDB alone, the faster of 32 threads and one with all of theirs, per s",
           std::max(grouped, at_once), Goal::kAtLeast, 0.7);
  compare_with_postgresql(http.rate(), batched);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
