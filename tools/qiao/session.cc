#include "tools/qiao/session.h"

#include <iostream>
#include <random>

#include "engine/base/hex.h"
#include "proto/json/json.h"
#include "qiao/v1/area.pb.h"
#include "qiao/v1/party.pb.h"
#include "qiao/v1/query.pb.h"
#include "tools/io/visible.h"

namespace qiao {

Status Session::fetch(const std::string& target, google::protobuf::Message& into) {
  QIAO_TRY(const Reply reply, client_.send("GET", target));
  if (reply.ok()) return from_json(reply.body, into);
  pb::Problem problem;
  if (!from_json(reply.body, problem))
    return refuse(Code::kUnreachable, {},
                  client_.url() + " (HTTP " + std::to_string(reply.status) + ")");
  return refuse(Code::kMalformed, problem.field(), problem.en(), problem.zh());
}

Result<const TimeZone*> Session::zone() {
  if (!zone_) {
    QIAO_TRY(const auto policy, get<pb::Policy>("/v1/policy"));
    zone_ = TimeZone::load(policy.time_zone()).value_or(TimeZone());
  }
  return &*zone_;
}

Result<const pb::Taxonomy*> Session::taxonomy() {
  if (!taxonomy_) {
    QIAO_TRY(taxonomy_, get<pb::Taxonomy>("/v1/taxonomy"));
  }
  return &*taxonomy_;
}

std::string Session::area_name(std::uint64_t code) {
  auto [it, fresh] = area_names_.try_emplace(code, std::to_string(code));
  if (fresh) {
    if (const auto area = get<pb::Area>("/v1/areas/" + std::to_string(code)))
      it->second = visible(area.value().name());
  }
  return it->second;
}

std::string Session::party_name(std::uint64_t id) {
  auto [it, fresh] = party_names_.try_emplace(id, std::to_string(id));
  if (fresh) {
    if (const auto party = get<pb::Party>("/v1/parties/" + std::to_string(id)))
      it->second = visible(party.value().name());
  }
  return it->second;
}

std::string Session::category_name(const std::string& code) {
  const auto words = taxonomy();
  if (!words) return code;
  for (const auto& term : words.value()->categories()) {
    if (term.code() == code) return visible(chinese_ ? term.zh() : term.en());
  }
  return code;
}

int Session::fail(const Refusal& refusal) const {
  std::cerr << "qiao: "
            << visible((refusal.field.empty() ? "" : refusal.field + ": ") +
                       (chinese_ ? refusal.zh() : refusal.en()))
            << "\n";
  return refusal.code == Code::kUnreachable ? kNoServer : kRefused;
}

int Session::fail(const Reply& reply) const {
  pb::Problem problem;
  if (!from_json(reply.body, problem)) {
    std::cerr << "qiao: HTTP " << reply.status << "\n" << visible(reply.body) << "\n";
    return kNoServer;
  }
  if (json_) {
    std::cerr << reply.body << "\n";
  } else {
    std::cerr << "qiao: "
              << visible((problem.field().empty() ? "" : problem.field() + ": ") +
                         (chinese_ ? problem.zh() : problem.en()))
              << " [" << visible(problem.code()) << "]\n";
  }
  return reply.status >= 500 ? kNoServer : kRefused;
}

std::string fresh_idempotency_key() {
  std::random_device device;
  std::string key = "cli-";
  for (int i = 0; i < 4; ++i) key += hex_digits(device(), 8);
  return key;
}

}  // namespace qiao
