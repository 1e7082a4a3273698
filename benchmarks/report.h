// One line a figure: name, value, unit, what it is compared with, ratio, and whether the goal is
// met.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace qiao::bench {

// small: two minutes for all of them; full: the sizes that the README's figures are of.
inline bool full_scale() {
  const char* scale = std::getenv("QIAO_SCALE");
  return scale != nullptr && std::string(scale) == "full";
}
inline std::int64_t scaled(std::int64_t small, std::int64_t full) {
  return full_scale() ? full : small;
}

inline void head() {
  std::printf("%-44s %14s %-10s %s\n", "figure", "value", "unit", "compared with");
}

inline void figure(const std::string& name, double value, const std::string& unit,
                   const std::string& than = "") {
  std::printf("%-44s %14.6g %-10s %s\n", name.c_str(), value, unit.c_str(), than.c_str());
  std::fflush(stdout);
}

enum class Goal { kAtLeast, kAtMost };
// `ratio` is value/peer.
inline void compared(const std::string& name, double value, const std::string& unit,
                     const std::string& peer_name, double peer, Goal goal, double wanted) {
  const double ratio = value / peer;
  const bool met = goal == Goal::kAtLeast ? ratio >= wanted : ratio <= wanted;
  char text[200];
  std::snprintf(text, sizeof text, "%s %.6g: ratio %.3g (goal %s %.3g: %s)", peer_name.c_str(),
                peer, ratio, goal == Goal::kAtLeast ? ">=" : "<=", wanted, met ? "met" : "NOT MET");
  figure(name, value, unit, text);
}
inline void limited(const std::string& name, double value, const std::string& unit, double most) {
  char text[100];
  std::snprintf(text, sizeof text, "limit %.6g (%s)", most, value <= most ? "met" : "NOT MET");
  figure(name, value, unit, text);
}

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

inline double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(static_cast<double>(values.size()) * p))];
}

// Resident memory of this process, in bytes.
inline std::size_t resident_bytes() {
  std::FILE* f = std::fopen("/proc/self/statm", "r");
  long pages = 0;
  long resident = 0;
  if (f == nullptr) return 0;
  if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
  std::fclose(f);
  return static_cast<std::size_t>(resident) * 4096;
}

}  // namespace qiao::bench
