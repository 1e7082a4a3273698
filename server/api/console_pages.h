// Addresses of the console's pages that the server writes into links. The console's router has the
// same paths (tests/layers_test.py).
#pragma once

#include <cstdint>
#include <string>

namespace qiao::console {

// `url`: where the console is, without a slash at the end; may be empty.
inline std::string set_up_page(const std::string& url, const std::string& secret) {
  return url + "/#/setup/" + secret;
}
inline std::string invitation_page(const std::string& url, const std::string& secret) {
  return url + "/#/invitation/" + secret;
}
inline std::string check_in_page(const std::string& url, std::uint64_t need,
                                 const std::string& code) {
  return url + "/#/check-in/" + std::to_string(need) + "/" + code;
}
inline std::string task_page(const std::string& url, std::uint64_t match) {
  return url + "/#/tasks/" + std::to_string(match);
}

}  // namespace qiao::console
