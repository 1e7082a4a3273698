// The parameters of a simulation: its seed, its faults, its clients, and a planted mistake.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qiao::swarm {

enum class Fault : unsigned {
  kPowerCut = 1,      // what was not synced is lost or torn
  kKill = 2,          // kill -9 in the middle of a write
  kRefusedWrite = 4,  // one input/output error
  kFullDisk = 8,      // no room for minutes
  kSlowDisk = 16,     // writes take seconds
  kClock = 32,        // the clock jumps by up to two hours, either way
  kLoss = 64,         // requests and answers get lost
  kRepeat = 128,      // requests arrive twice
  kDelay = 256,       // messages overtake each other
  kVanish = 512,      // clients go and never ask again
  kPause = 1024,      // the process stands still for minutes
  kDamage = 2048,     // a file is changed, cut or gone while the process is down
};
inline constexpr unsigned kAllFaults = 4095;
// By the words of the command line, e.g. power-cut.
const std::vector<std::pair<std::string, Fault>>& fault_names();

// A planted mistake, to show that the simulation detects it.
enum class Planted : unsigned {
  kNothing,
  kLyingDisk,       // syncs do nothing
  kEarlyAnswer,     // answers do not wait for the disk
  kForgottenKeys,   // a repeated request is a new one
  kLossyFeed,       // an event in five hundred is not sent
  kStaleAnswers,    // reads and refusals are answered from a cache
  kUnseenDamage,    // a journal that lost answered events is opened as if nothing were missing
  kUnaskedScope,    // the parts of a batch are not checked against the token's scopes
  kUnguardedField,  // a field that the sender's role may not set is set
  kUnendedFeed,     // a feed does not end when the rights have ended
};
const std::vector<std::pair<std::string, Planted>>& planted_names();

inline constexpr std::uint32_t kPeople = 6;

struct Plan {
  std::uint64_t seed = 1;
  std::uint32_t hours = 24;
  std::uint32_t clients = 6;
  // People of every role in a city of their own; see people.h.
  std::uint32_t people = kPeople;
  unsigned faults = kAllFaults;
  // Clients start at most this many operations. Smaller: the same simulation, cut short.
  std::uint64_t operations = ~std::uint64_t{0};
  Planted planted = Planted::kNothing;
  // A folder of the machine, for the key file.
  std::string folder;
};

// The command that repeats a plan.
std::string command_of(const Plan& plan);

}  // namespace qiao::swarm
