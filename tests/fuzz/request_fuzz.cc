// Requests, as they are once HTTP has been read, into the API over a whole server on a disk in
// memory.
#include <set>

#include "engine/rows/invariants.h"
#include "server/api/watch.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/host.h"
#include "tools/swarm/disk.h"

using namespace qiao;

namespace {

// A fresh server after so many requests, so that none sees a state that is too far from the seeds'.
constexpr int kRequestsPerServer = 2'000;

struct Place {
  swarm::SimulatedDisk disk;
  Host host{disk.env()};
  std::string team_token;
  Place() {
    host.found();
    host.id_of(host.send("POST", "/v1/needs", Host::need_body()));
    team_token = host.token_of(host.account(pb::ROLE_SUPPLIER, "team", host.team));
  }
};

const std::set<unsigned> kStatuses = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
                                      406, 409, 412, 413, 415, 422, 426, 429, 503};

}  // namespace

// First byte: who asks, and which headers there are. Then "METHOD TARGET\n" and the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Never destroyed at the end: what RocksDB depends on would be gone by then.
  static Place* place = nullptr;
  static int requests = 0;
  if (size < 4) return 0;
  if (requests++ % kRequestsPerServer == 0) {
    delete place;
    place = new Place;
  }
  Host& host = place->host;
  const std::string_view input = text_of(data + 1, size - 1);
  const auto line = input.substr(0, input.find('\n'));
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  const std::string method(line.substr(0, space));
  const std::string target(line.substr(space + 1));
  // Beast lets nothing else through.
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return 0;
  }
  // Hashing passwords is meant to be slow; backups are files.
  if (target.starts_with("/v1/sessions") || target.starts_with("/v1/password") ||
      target.starts_with("/v1/setup") || target.starts_with("/v1/invitation") ||
      target.starts_with("/v1/backups"))
    return 0;
  const std::string body(input.substr(std::min(input.size(), line.size() + 1)));
  Host::Headers headers;
  headers.anonymous = data[0] % 4 == 0;
  if (data[0] % 4 == 1) headers.token = place->team_token;
  if ((data[0] & 16) != 0) headers.key = "key";
  if ((data[0] & 32) != 0) headers.if_match = "\"7\"";
  if ((data[0] & 64) != 0) headers.language = "zh";
  if ((data[0] & 128) != 0) headers.type = "application/x-protobuf";

  if (target.starts_with("/v1/watch")) {
    if (auto watch = parse_watch(target, ""))
      static_cast<void>(check_watch(watch.value(), by(pb::ROLE_LEAD).actor(), host.runtime->state(),
                                    host.runtime->durable_seq())
                            .has_value());
    return 0;
  }
  const Seq before = host.runtime->applied_seq();
  const Response r = host.send(method, target, body, headers);
  expect(kStatuses.contains(r.status), "a status that is none of ours",
         std::to_string(r.status) + " " + r.body);
  if (r.status >= 400) {
    pb::Problem problem;
    expect(from_json(r.body, problem).has_value(), "a problem that cannot be read", r.body);
    expect(!problem.zh().empty() && !problem.en().empty() && !problem.code().empty(),
           "a problem without words", r.body);
    expect(host.runtime->applied_seq() == before, "refused, and yet something changed", r.body);
  }
  if (method == "GET" || method == "HEAD")
    expect(host.runtime->applied_seq() == before, "a look that changed something", target);
  if (requests % 500 == 0) {
    const auto breaches = check_invariants(host.runtime->state());
    expect(breaches.empty(), "broken invariant", breaches.empty() ? "" : breaches.front());
  }
  return 0;
}
