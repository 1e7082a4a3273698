// Prepared accounts for a demo city. Their password is public, so they are for loopback only.
#pragma once

#include <string>
#include <vector>

#include "server/runtime/runtime.h"

namespace qiao {

inline constexpr const char* kDemoPassword = "qiao-demo-2026";

struct DemoAccount {
  std::string login;
  std::string what;  // whose it is, in Chinese and in English
};

// Creates the missing ones: one for each kind of user in the city. On the market thread, before
// requests are served: hashing takes a moment.
StoreResult<std::vector<DemoAccount>> make_demo_accounts(Runtime& runtime);

// For a database that was used in demo mode and now in production: disables its demo accounts.
// Returns how many.
StoreResult<int> disable_demo_accounts(Runtime& runtime);

}  // namespace qiao
