#include "tools/sim/swarm.h"

#include <atomic>
#include <charconv>
#include <chrono>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "tools/swarm/simulation.h"
#include "tools/text/temporary_folder.h"

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
  using Clock = std::chrono::steady_clock;
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
  const auto begin = Clock::now();
  const auto since = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };

  std::mutex mutex;
  std::atomic<std::uint64_t> next{from};
  swarm::Tally tally;
  std::uint64_t worlds = 0;
  std::optional<std::pair<swarm::Plan, std::string>> broken;
  const auto work = [&] {
    while (true) {
      const std::uint64_t seed = next++;
      {
        const std::lock_guard lock(mutex);
        if (seed > to || broken || (seconds_ > 0 && since() > seconds_)) return;
      }
      swarm::Plan mine = plan;
      mine.seed = seed;
      swarm::Verdict verdict = swarm::simulate(mine);
      if (twice_ && verdict.breach.empty() &&
          swarm::simulate(mine).fingerprint != verdict.fingerprint) {
        verdict.breach = "replay: the same seed gave another world";
      }
      const std::lock_guard lock(mutex);
      ++worlds;
      tally.add(verdict.tally);
      if (!verdict.breach.empty() && !broken) broken = {mine, verdict.breach};
      if (!quiet_)
        std::cerr << "\r" << worlds << " worlds, " << tally.hours << " hours, " << tally.faults()
                  << " faults" << std::flush;
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned t = 1; t < threads; ++t) others.emplace_back(work);
    work();
  }
  const double took = since();
  if (!quiet_) std::cerr << "\n";
  const swarm::Tally& t = tally;
  std::cout << worlds << " worlds, " << t.hours << " simulated hours in " << took
            << " s: " << static_cast<std::uint64_t>(static_cast<double>(t.hours) * 3600 / took)
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
  if (!broken) {
    std::cout << "every promise kept\n";
    return 0;
  }
  std::cout << "BROKEN with seed " << broken->first.seed << ": " << broken->second << "\n  "
            << swarm::command_of(broken->first) << "\nmaking it smaller …" << std::endl;
  const swarm::Plan small = swarm::shrink(broken->first, [this](const swarm::Plan& p) {
    if (!quiet_) std::cerr << "  " << swarm::command_of(p) << "\n";
  });
  std::cout << "smallest found: " << swarm::simulate(small).breach << "\n  "
            << swarm::command_of(small) << "\n";
  return 1;
}

}  // namespace qiao
