#include "tools/qiao/clear.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "proto/json/json.h"
#include "tools/qiao/show.h"
#include "tools/qiao/show_clearing.h"

namespace qiao {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds{200};

}  // namespace

int clear_city(Session& s, const ClearCommand& command) {
  pb::ClearingRequest request;
  request.set_area_code(command.area);
  request.set_budget(command.budget);
  request.set_target_gap_micro(static_cast<std::int64_t>(command.gap_percent * 10'000));
  if (command.apply == "propose") request.set_apply(pb::CLEARING_APPLY_PROPOSE);
  if (command.apply == "dispatch") request.set_apply(pb::CLEARING_APPLY_DISPATCH);
  const auto started = s.client().send("POST", "/v1/clearings", to_json(request));
  if (!started) return s.fail(started.error());
  if (!started.value().ok()) return s.fail(started.value());
  pb::Clearing clearing;
  if (const auto read = from_json(started.value().body, clearing); !read)
    return s.fail(read.error());
  const std::string target = "/v1/clearings/" + std::to_string(clearing.id());
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto busy = [&] {
    return clearing.state() == pb::CLEARING_STATE_QUEUED ||
           clearing.state() == pb::CLEARING_STATE_RUNNING ||
           clearing.stage() == pb::CLEARING_STAGE_APPLYING;
  };
  while (busy()) {
    if (terminal) std::cerr << "\r\033[K" << progress_line(s, clearing) << std::flush;
    std::this_thread::sleep_for(kLookEvery);
    auto now = s.get<pb::Clearing>(target);
    if (!now) return s.fail(now.error());
    clearing = std::move(now).value();
  }
  if (terminal) std::cerr << "\r\033[K";
  if (s.json()) {
    std::cout << to_json(clearing) << "\n";
    return kDone;
  }
  show(s, clearing, std::cout);
  if (!command.explain) return kDone;
  const auto section = [&](const char* zh, const char* en, const std::string& from, auto message) {
    std::cout << "\n" << s.say(zh, en) << "\n";
    if (const auto read = s.fetch(from, message); !read) return s.fail(read.error());
    show(s, message, std::cout);
    return static_cast<int>(kDone);
  };
  int code =
      section("建议", "Proposals", target + "/proposals?pageSize=20", pb::ListProposalsResponse());
  if (code == kDone)
    code = section("供给缺口", "Supply gaps", "/v1/supply-gaps", pb::SupplyGapsResponse());
  if (code == kDone)
    code = section("各社区满足率", "Communities",
                   "/v1/equity?clearing=" + std::to_string(clearing.id()), pb::EquityReport());
  return code;
}

}  // namespace qiao
