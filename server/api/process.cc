// The process itself: health, metrics, routes, backups.
#include "engine/base/hex.h"
#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "server/api/problem.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

Response get_health(const Services& services, const Call&, const Message*) {
  pb::Health h;
  h.set_status(services.draining ? "draining" : "ok");
  h.set_applied_seq(services.runtime.applied_seq());
  h.set_durable_seq(services.runtime.durable_seq());
  Response r;
  r.body = to_json(h);
  return r;
}

Response get_readiness(const Services& services, const Call& call, const Message* body) {
  Response r = get_health(services, call, body);
  if (services.draining) r.status = 503;
  return r;
}

Response get_metrics(const Services& services, const Call&, const Message*) {
  Response r;
  r.content_type = "text/plain; version=0.0.4; charset=utf-8";
  r.body = services.metrics.text();
  return r;
}

Response get_openapi(const Services& services, const Call&, const Message*) {
  Response r;
  r.body = services.openapi;
  return r;
}

bool is_backup_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
}

Response create_backup(const Services& services, const Call& call, const Message* body) {
  const std::string name = static_cast<const pb::BackupRequest&>(*body).name();
  if (!is_backup_name(name))
    return problem(refuse(Code::kOutOfRange, "name", "a-z 0-9 - _"), call.chinese);
  Response r;
  r.deferred = [&runtime = services.runtime, path = services.options.backup_folder + "/" + name,
                chinese = call.chinese](auto then) {
    runtime.checkpoint(path, [=](StoreResult<Head> end) {
      if (!end)
        return then(problem(refuse(Code::kBackupFailed, "name", end.error().message), chinese));
      pb::BackupResponse made;
      made.set_path(path);
      made.set_last_seq(end.value().seq);
      made.set_last_hash(to_hex(end.value().hash));
      Response answer;
      answer.status = 201;
      answer.body = to_json(made);
      then(std::move(answer));
    });
  };
  return r;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/healthz",
     .id = "getHealth",
     .summary = "Whether the process is alive.",
     .tag = "server",
     .response = pb::Health::descriptor,
     .raw = get_health},
    {.method = "GET",
     .pattern = "/readyz",
     .id = "getReadiness",
     .summary = "Whether it accepts requests; 503 while it stops.",
     .tag = "server",
     .response = pb::Health::descriptor,
     .raw = get_readiness},
    {.method = "GET",
     .pattern = "/metrics",
     .id = "getMetrics",
     .summary = "Prometheus metrics.",
     .tag = "server",
     .raw = get_metrics,
     .raw_type = "text/plain"},
    {.method = "GET",
     .pattern = "/v1/openapi.json",
     .id = "getOpenApi",
     .summary = "This document.",
     .tag = "server",
     .raw = get_openapi},
};

constexpr Route kBackupRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/backups",
     .id = "createBackup",
     .summary = "Makes a complete backup of the database while it is in use (lead only). It shares "
                "its table files with the database until it is copied to another disk: copy it, "
                "then verify the copy.",
     .tag = "server",
     .request = pb::BackupRequest::descriptor,
     .response = pb::BackupResponse::descriptor,
     .success = 201,
     .raw = create_backup},
};

}  // namespace

std::span<const Route> process_routes() { return kRoutes; }
std::span<const Route> backup_routes() { return kBackupRoutes; }

}  // namespace qiao
