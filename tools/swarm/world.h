// The parts of a simulation: its times, its server, its clients and watchers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/api/watch.h"
#include "server/app/application.h"

namespace qiao::swarm {

using Micros = std::int64_t;
inline constexpr Micros kMillisecond = 1'000;
inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kMinute = 60 * kSecond;
inline constexpr Micros kHour = 60 * kMinute;

// 2026-11-24 00:00 in Ningguo.
inline constexpr std::int64_t kBegin = 1'795'449'600;
// RocksDB's clock is far ahead of the machine's, so that none of its timers expires.
inline constexpr std::uint64_t kDiskEpoch = 2'500'000'000'000'000;
inline constexpr std::uint64_t kCity = 341'881'000'000;
inline constexpr std::uint64_t kTown = 341'881'001'000;
inline constexpr std::uint64_t kCommunities[] = {341'881'001'001, 341'881'001'002};
// How long a client waits for a response, and how often it sends again.
inline constexpr Micros kPatience = 10 * kSecond;
inline constexpr int kMostSent = 6;
// Bytes of a table before RocksDB makes a file of it by itself: never, since how much a table takes
// depends on RocksDB's own randomness. Files are made when the seed says so.
inline constexpr std::size_t kWriteBuffer = 4 << 20;
inline constexpr unsigned kFlushPercent = 4;
// Events that the feed keeps in memory: few, so that watchers have to read the journal.
inline constexpr std::size_t kRing = 64;
inline constexpr Micros kRestartAfter = 3 * kSecond;
inline constexpr Micros kTidyEvery = kHour;
// How long a client relies on a stored response, in seconds: less than the server's 48 hours,
// because clocks jump.
inline constexpr std::int64_t kAnswersKept = 30 * 3600;
// Of each of the people, on average: between two requests, and between opening its feed and closing
// it.
inline constexpr Micros kPersonActs = 20 * kMinute;
inline constexpr Micros kPersonReads = 40 * kMinute;
// Between two changes of people's rights.
inline constexpr Micros kLeadGoverns = 30 * kMinute;

struct Happening {
  Micros at;
  std::uint64_t order;
  std::function<void()> what;
  bool operator<(const Happening& o) const { return at != o.at ? at > o.at : order > o.order; }
};

// The server as one process: destroyed in reverse order of creation when it dies.
struct Process {
  // Destroyed last: work posted to it never runs.
  boost::asio::io_context context{1};
  std::unique_ptr<Application> application;
  // Its parts, while it exists; the last three once it serves.
  Store* store = nullptr;
  Runtime* runtime = nullptr;
  Gate* gate = nullptr;
  Api* api = nullptr;
  std::unique_ptr<Tail> tail;
  std::uint64_t number = 0;
  bool committing = false;
  bool failed = false;
};

struct Client {
  std::string token;
  std::uint64_t party = 0;
  std::uint64_t community = 0;
  bool supplier = false;
  std::vector<std::uint64_t> offers;
  std::vector<std::uint64_t> matches;  // its own
};

// A watcher on the feed. It must receive what the journal has for it.
struct Watcher {
  WatchFilter filter;
  std::string token;
  std::unique_ptr<Watch> place;
  std::uint64_t process = 0;  // that it hangs on
  Seq last = 0;               // the last it got
  std::vector<std::uint64_t> got;
};

}  // namespace qiao::swarm
