// Names of parties in cells, so that the same party is found again, also in another database.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qiao {

class PartyNames {
 public:
  // In ascending order of ids. An empty credit code is none.
  void add(std::uint64_t id, const std::string& name, const std::string& credit_code);

  // By its name or its credit code if they are unique, or by "name #2": the second of that name in
  // the order of ids.
  std::optional<std::uint64_t> find(const std::string& text) const;

  // How many have it as their name or credit code.
  std::size_t are_called(const std::string& text) const;

  // The shortest of these that find() takes for this party; its id where there is none.
  std::string name_of(std::uint64_t id) const;

 private:
  struct Party {
    std::string name;
    std::string credit_code;
  };
  std::map<std::uint64_t, Party> parties_;
  std::map<std::string, std::vector<std::uint64_t>> called_;  // by name and by credit code
};

}  // namespace qiao
