// Ready accounts for looking at a demo city. Anybody can know their password, so they are for
// loopback only.
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

// Makes those that are not there yet: one for each kind of user that the city has somebody for. On
// the market thread, before anybody is served: hashing takes a moment.
StoreResult<std::vector<DemoAccount>> make_demo_accounts(Runtime& runtime);

// A database that was looked at in demo mode and is now used in earnest: its demo accounts let
// nobody in any more. How many.
StoreResult<int> disable_demo_accounts(Runtime& runtime);

}  // namespace qiao
