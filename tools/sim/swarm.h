// qiao-sim swarm: simulated servers with faults, one for each seed.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/swarm/plan.h"

namespace qiao {

// Adds the command. After parsing, run() where `parsed()`: 0, or 1 where a promise was broken.
class SwarmCommand {
 public:
  explicit SwarmCommand(CLI::App& app);
  bool parsed() const { return command_->parsed(); }
  int run() const;

 private:
  CLI::App* command_;
  std::string seeds_ = "1..20";
  std::string faults_ = "all";
  std::string planted_;
  std::uint32_t hours_ = 24;
  std::uint32_t clients_ = 6;
  std::uint32_t people_ = swarm::kPeople;
  std::uint64_t operations_ = ~std::uint64_t{0};
  unsigned threads_ = 0;
  double seconds_ = 0;
  bool quiet_ = false;
  bool twice_ = false;
};

}  // namespace qiao
