#include "tools/swarm/plan.h"

namespace qiao::swarm {

const std::vector<std::pair<std::string, Fault>>& fault_names() {
  static const std::vector<std::pair<std::string, Fault>> names = {
      {"power-cut", Fault::kPowerCut},
      {"kill", Fault::kKill},
      {"refused-write", Fault::kRefusedWrite},
      {"full-disk", Fault::kFullDisk},
      {"slow-disk", Fault::kSlowDisk},
      {"clock", Fault::kClock},
      {"loss", Fault::kLoss},
      {"repeat", Fault::kRepeat},
      {"delay", Fault::kDelay},
      {"vanish", Fault::kVanish},
      {"pause", Fault::kPause},
      {"damage", Fault::kDamage}};
  return names;
}

const std::vector<std::pair<std::string, Planted>>& planted_names() {
  static const std::vector<std::pair<std::string, Planted>> names = {
      {"lying-disk", Planted::kLyingDisk},         {"early-answer", Planted::kEarlyAnswer},
      {"forgotten-keys", Planted::kForgottenKeys}, {"lossy-feed", Planted::kLossyFeed},
      {"stale-answers", Planted::kStaleAnswers},   {"unseen-damage", Planted::kUnseenDamage},
      {"unasked-scope", Planted::kUnaskedScope},   {"unguarded-field", Planted::kUnguardedField},
      {"unended-feed", Planted::kUnendedFeed}};
  return names;
}

std::string command_of(const Plan& plan) {
  const std::string seed = std::to_string(plan.seed);
  std::string command = "qiao-sim swarm --seeds " + seed + ".." + seed + " --hours " +
                        std::to_string(plan.hours) + " --clients " + std::to_string(plan.clients);
  if (plan.people != kPeople) command += " --people " + std::to_string(plan.people);
  if (plan.faults != kAllFaults) {
    std::string list;
    for (const auto& [name, fault] : fault_names()) {
      if ((plan.faults & static_cast<unsigned>(fault)) != 0)
        list += (list.empty() ? "" : ",") + name;
    }
    command += " --faults " + (list.empty() ? "none" : list);
  }
  if (plan.operations != ~std::uint64_t{0})
    command += " --operations " + std::to_string(plan.operations);
  for (const auto& [name, planted] : planted_names()) {
    if (planted == plan.planted) command += " --plant " + name;
  }
  return command;
}

}  // namespace qiao::swarm
