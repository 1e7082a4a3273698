// One simulated world: a Qiao server (market, store, runtime, gate, API, feed), its disk, its clock, its network and its
// clients, in one thread, on simulated time, from one seed. Everything above the sockets and above the operating system is
// the real code; RocksDB is the real one on a disk in memory. Not simulated: TLS, HTTP framing, passwords, clearing, the
// background threads of RocksDB (their work is done between commits), erasure of personal data.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace qiao::swarm {

enum class Fault : unsigned {
  kPowerCut = 1,       // what was not synced is lost or torn
  kKill = 2,           // kill -9 in the middle of a write
  kRefusedWrite = 4,   // one input/output error
  kFullDisk = 8,       // no room for minutes
  kSlowDisk = 16,      // writes take seconds
  kClock = 32,         // the clock jumps by up to two hours, either way
  kLoss = 64,          // requests and answers get lost
  kRepeat = 128,       // requests arrive twice
  kDelay = 256,        // messages overtake each other
  kVanish = 512,       // clients go and never ask again
  kPause = 1024,       // the process stands still for minutes
  kDamage = 2048,      // a file is changed, cut or gone while the process is down
};
inline constexpr unsigned kAllFaults = 4095;
// By the words of the command line, e.g. power-cut.
const std::vector<std::pair<std::string, Fault>>& fault_names();

// A mistake planted in the world, to show that it would be seen.
enum class Planted : unsigned {
  kNothing,
  kLyingDisk,      // syncs do nothing
  kEarlyAnswer,    // answers do not wait for the disk
  kForgottenKeys,  // a repeated request is a new one
  kLossyFeed,      // an event in five hundred is not sent
  kStaleAnswers,   // looks and refusals come out of a cache
  kUnseenDamage,   // a journal that lost what was answered is opened as if nothing were missing
};
const std::vector<std::pair<std::string, Planted>>& planted_names();

struct Plan {
  std::uint64_t seed = 1;
  std::uint32_t hours = 24;
  std::uint32_t clients = 6;
  unsigned faults = kAllFaults;
  // Clients begin no more than so many operations. Smaller: the same world, cut short.
  std::uint64_t operations = ~std::uint64_t{0};
  Planted planted = Planted::kNothing;
  // A folder of the machine, for the key file.
  std::string folder;
};

struct Tally {
  std::uint64_t hours = 0;
  std::uint64_t operations = 0, requests = 0, events = 0, commits = 0;
  std::uint64_t starts = 0, power_cuts = 0, kills = 0, refused_writes = 0, full_disks = 0, slow_disks = 0, clock_jumps = 0, pauses = 0;
  std::uint64_t damages = 0, damages_refused = 0;
  std::uint64_t lost_messages = 0, repeated_requests = 0, vanished = 0;
  std::uint64_t lost_bytes = 0, torn_files = 0, lost_names = 0;
  std::uint64_t answers = 0, repeats = 0, claims = 0, refusals = 0, watched = 0, verified = 0, replayed = 0;
  void add(const Tally& other);
  std::uint64_t faults() const { return power_cuts + kills + refused_writes + full_disks + slow_disks + clock_jumps + pauses + damages + lost_messages + repeated_requests + vanished; }
};

struct Verdict {
  std::string breach;  // of a promise; empty: all were kept
  std::uint64_t fingerprint = 0;
  Tally tally;
};

// Runs a world to its end, or to the first promise that is broken. Thread-safe: each has a world of its own.
Verdict simulate(const Plan& plan);

// The smallest plan found, by leaving away faults, clients, hours and operations, under which a promise is broken still.
// tried(n) is called before each attempt.
Plan shrink(Plan plan, const std::function<void(const Plan&)>& tried);

// The command that runs a plan again.
std::string command_of(const Plan& plan);

}  // namespace qiao::swarm
