#include "tools/sim/swarm.h"

#include <atomic>
#include <charconv>
#include <chrono>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "tools/io/temporary_folder.h"
#include "tools/swarm/simulation.h"

namespace qiao {
namespace {

std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_range(const std::string& text) {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  const char* end = text.data() + text.size();
  auto first = std::from_chars(text.data(), end, from);
  if (first.ec != std::errc{}) return std::nullopt;
  if (first.ptr == end) return std::pair{from, from};
  if (end - first.ptr < 3 || first.ptr[0] != '.' || first.ptr[1] != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 2, end, to);
  if (second.ec != std::errc{} || second.ptr != end || to < from) return std::nullopt;
  return std::pair{from, to};
}

std::optional<unsigned> parse_faults(const std::string& text) {
  if (text == "all") return swarm::kAllFaults;
  if (text == "none") return 0U;
  unsigned faults = 0;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(',', from), text.size());
    const auto& names = swarm::fault_names();
    const auto at = std::find_if(names.begin(), names.end(), [&](const auto& n) {
      return n.first == text.substr(from, to - from);
    });
    if (at == names.end()) return std::nullopt;
    faults |= static_cast<unsigned>(at->second);
    from = to + 1;
  }
  return faults;
}

template <class Names>
std::string list(const Names& names) {
  std::string all;
  for (const auto& [name, value] : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

// A promise that was broken: in which world, and how.
struct Broken {
  swarm::Plan plan;
  std::string breach;
};

struct Results {
  std::uint64_t worlds = 0;
  swarm::Tally tally;
  double seconds = 0;
  std::optional<Broken> broken;
};

struct WorldsOptions {
  std::uint64_t first_seed;
  std::uint64_t last_seed;
  double seconds;  // no world begins after so many; 0 for no limit
  bool twice;
  bool quiet;
};

// Runs one world a seed, several at a time, until one breaks a promise.
class Worlds {
 public:
  Worlds(const swarm::Plan& plan, const WorldsOptions& options)
      : plan_(plan), options_(options), next_(options.first_seed) {}

  Results run(unsigned threads) {
    {
      std::vector<std::jthread> others;
      for (unsigned t = 1; t < threads; ++t) others.emplace_back([this] { simulate_worlds(); });
      simulate_worlds();
    }
    results_.seconds = since_begin();
    return results_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  double since_begin() const {
    return std::chrono::duration<double>(Clock::now() - begin_).count();
  }

  void simulate_worlds() {
    while (true) {
      const std::uint64_t seed = next_++;
      if (is_over(seed)) return;
      swarm::Plan plan = plan_;
      plan.seed = seed;
      add(plan, simulate(plan));
    }
  }

  bool is_over(std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    return seed > options_.last_seed || results_.broken ||
           (options_.seconds > 0 && since_begin() > options_.seconds);
  }

  swarm::Verdict simulate(const swarm::Plan& plan) const {
    swarm::Verdict verdict = swarm::simulate(plan);
    if (options_.twice && verdict.breach.empty() &&
        swarm::simulate(plan).fingerprint != verdict.fingerprint) {
      verdict.breach = "replay: the same seed gave another world";
    }
    return verdict;
  }

  void add(const swarm::Plan& plan, const swarm::Verdict& verdict) {
    const std::lock_guard lock(mutex_);
    ++results_.worlds;
    results_.tally.add(verdict.tally);
    if (!verdict.breach.empty() && !results_.broken) results_.broken = {plan, verdict.breach};
    if (!options_.quiet)
      std::cerr << "\r" << results_.worlds << " worlds, " << results_.tally.hours << " hours, "
                << results_.tally.faults() << " faults" << std::flush;
  }

  const swarm::Plan plan_;
  const WorldsOptions options_;
  const Clock::time_point begin_ = Clock::now();
  std::atomic<std::uint64_t> next_;
  std::mutex mutex_;
  Results results_;  // under mutex_
};

void print(const Results& run) {
  const swarm::Tally& t = run.tally;
  std::cout << run.worlds << " worlds, " << t.hours << " simulated hours in " << run.seconds
            << " s: "
            << static_cast<std::uint64_t>(static_cast<double>(t.hours) * 3600 / run.seconds)
            << " times real time\n"
            << t.operations << " operations of clients, " << t.requests << " requests, " << t.events
            << " events, " << t.commits << " writes to disk\n"
            << t.faults() << " faults: " << t.power_cuts << " power cuts (" << t.lost_bytes
            << " bytes, " << t.lost_names << " names lost; " << t.torn_files << " files torn), "
            << t.kills << " kills, " << t.refused_writes << " writes refused, " << t.full_disks
            << " full disks, " << t.slow_disks << " slow disks, " << t.clock_jumps
            << " clock jumps, " << t.pauses << " pauses, " << t.damages << " files damaged ("
            << t.damages_refused << " refused), " << t.lost_messages << " messages lost, "
            << t.repeated_requests << " repeated, " << t.vanished << " clients gone\n"
            << t.starts << " starts, each checked against what was promised; " << t.verified
            << " times the journal was folded again\n"
            << t.answers << " answers, " << t.repeats << " of them again; " << t.replayed
            << " asked again after a crash; " << t.claims << " claims and " << t.refusals
            << " refusals for want of room placed in one order; " << t.watched
            << " events on the feed\n"
            << t.asked << " requests of people of every role, " << t.compared
            << " done and rights compared; " << t.governed << " changes of what they may do; "
            << t.shown << " events on their feeds compared with what may be seen, " << t.feeds_ended
            << " feeds ended\n";
}

void print_smallest(const Broken& broken, bool quiet) {
  std::cout << "BROKEN with seed " << broken.plan.seed << ": " << broken.breach << "\n  "
            << swarm::command_of(broken.plan) << "\nmaking it smaller …" << std::endl;
  const swarm::Plan small = swarm::shrink(broken.plan, [quiet](const swarm::Plan& p) {
    if (!quiet) std::cerr << "  " << swarm::command_of(p) << "\n";
  });
  std::cout << "smallest found: " << swarm::simulate(small).breach << "\n  "
            << swarm::command_of(small) << "\n";
}

}  // namespace

SwarmCommand::SwarmCommand(CLI::App& app) {
  command_ = app.add_subcommand(
      "swarm", "Simulated servers with faults, one a seed: is every promise kept?");
  command_->add_option("--seeds", seeds_, "From..to, or one")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return parse_range(text) ? std::string() : std::string("a seed, or two as in 1..100");
      });
  command_->add_option("--hours", hours_, "Simulated hours of each")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  command_->add_option("--clients", clients_, "Clients of each")
      ->capture_default_str()
      ->check(CLI::Range(2, 1'000));
  command_->add_option("--people", people_, "People of every role of each, whose rights change")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000));
  command_->add_option("--operations", operations_,
                       "Clients begin at most so many operations; no limit where not given");
  command_->add_option("--faults", faults_, "all, none, or some of " + list(swarm::fault_names()))
      ->capture_default_str()
      ->check([](const std::string& text) {
        return parse_faults(text) ? std::string()
                                  : "all, none, or some of " + list(swarm::fault_names());
      });
  command_
      ->add_option("--plant", planted_,
                   "A mistake to plant, to see that it is found: " + list(swarm::planted_names()))
      ->check([](const std::string& text) {
        const auto& names = swarm::planted_names();
        return std::any_of(names.begin(), names.end(),
                           [&](const auto& n) { return n.first == text; })
                   ? std::string()
                   : "one of " + list(names);
      });
  command_->add_option("--threads", threads_, "Worlds at a time; one a core where not given");
  command_->add_option("--seconds", seconds_,
                       "Begin no more worlds after so many seconds; no limit where not given");
  command_->add_flag("--twice", twice_, "Run each world twice and compare: the same to the bit");
  command_->add_flag("--quiet", quiet_, "No progress");
}

int SwarmCommand::run() const {
  // For the key files.
  const TemporaryFolder folder;
  const auto [from, to] = *parse_range(seeds_);
  swarm::Plan plan;
  plan.hours = hours_;
  plan.clients = clients_;
  plan.people = people_;
  plan.faults = *parse_faults(faults_);
  plan.operations = operations_;
  plan.folder = folder.path();
  for (const auto& [name, planted] : swarm::planted_names()) {
    if (name == planted_) plan.planted = planted;
  }
  const unsigned threads =
      threads_ != 0 ? threads_ : std::max(1U, std::thread::hardware_concurrency());
  Worlds worlds(plan, {from, to, seconds_, twice_, quiet_});
  const Results results = worlds.run(threads);
  if (!quiet_) std::cerr << "\n";
  print(results);
  if (!results.broken) {
    std::cout << "every promise kept\n";
    return 0;
  }
  print_smallest(*results.broken, quiet_);
  return 1;
}

}  // namespace qiao
