// One simulation: a Qiao server (market, store, runtime, gate, API, feed), its disk, its clock, its
// network and its clients, in one thread, on simulated time, from one seed. Everything above the
// sockets and above the operating system is the real code; RocksDB is the real one on a disk in
// memory. Not simulated: TLS, HTTP framing, passwords, clearing, the background threads of RocksDB
// (their work is done between commits), erasure of personal data.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tools/swarm/plan.h"

namespace qiao::swarm {

struct Tally {
  std::uint64_t hours = 0;
  std::uint64_t operations = 0, requests = 0, events = 0, commits = 0;
  std::uint64_t starts = 0, power_cuts = 0, kills = 0, refused_writes = 0, full_disks = 0,
                slow_disks = 0, clock_jumps = 0, pauses = 0;
  std::uint64_t damages = 0, damages_refused = 0;
  std::uint64_t lost_messages = 0, repeated_requests = 0, vanished = 0;
  std::uint64_t lost_bytes = 0, torn_files = 0, lost_names = 0;
  std::uint64_t answers = 0, repeats = 0, claims = 0, refusals = 0, watched = 0, verified = 0,
                replayed = 0;
  // Of the people: requests, those after which rights were compared, changes of rights by the lead,
  // events compared with what View shows, feeds that were ended.
  std::uint64_t asked = 0, compared = 0, governed = 0, shown = 0, feeds_ended = 0;
  void add(const Tally& other);
  std::uint64_t faults() const {
    return power_cuts + kills + refused_writes + full_disks + slow_disks + clock_jumps + pauses +
           damages + lost_messages + repeated_requests + vanished;
  }
};

struct Verdict {
  std::string breach;  // of a promise; empty: all were kept
  std::uint64_t fingerprint = 0;
  Tally tally;
};

// Runs a simulation to its end, or to the first broken promise. Thread-safe: they share nothing.
Verdict simulate(const Plan& plan);

// The smallest plan found, by leaving out faults, people, clients, hours and operations, with which
// a promise is still broken. tried(n) is called before each attempt.
Plan shrink(Plan plan, const std::function<void(const Plan&)>& tried);

}  // namespace qiao::swarm
