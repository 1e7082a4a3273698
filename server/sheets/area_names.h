// What areas are called in cells.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

class AreaNames {
 public:
  AreaNames() = default;
  // Only what is called like one of these is kept.
  explicit AreaNames(std::set<std::string> wanted) : wanted_(std::move(wanted)) {}

  // `is_community`: people leave out how its name ends (村委会, 社区居委会).
  void add(std::uint64_t code, const std::string& name, bool is_community);

  // An area by its code or its name, or a community by the beginning of its name. What several are
  // called is refused; so is what none is called.
  Result<std::uint64_t> find(const std::string& text, const std::string& field) const;

 private:
  std::set<std::string> wanted_;
  std::map<std::string, std::vector<std::uint64_t>> by_name_;
  std::map<std::string, std::vector<std::uint64_t>> by_beginning_;
};

}  // namespace qiao
