#include "server/runtime/metrics.h"

#include "engine/base/number_text.h"

namespace qiao {
namespace {

void head(std::string& out, const char* name, const char* type, const char* help) {
  out.append("# HELP ")
      .append(name)
      .append(" ")
      .append(help)
      .append("\n# TYPE ")
      .append(name)
      .append(" ")
      .append(type)
      .append("\n");
}

void line(std::string& out, const std::string& name, std::int64_t value) {
  out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

std::string seconds(std::uint64_t us) { return micro_text(static_cast<std::int64_t>(us), 6); }

}  // namespace

void Histogram::write(std::string& out, const char* name, const char* help) const {
  head(out, name, "histogram", help);
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b < kBuckets; ++b) {
    sum += buckets_[b].load(std::memory_order_relaxed);
    line(out,
         std::string(name) + "_bucket{le=\"" +
             (b + 1 == kBuckets ? "+Inf" : seconds(std::uint64_t{1} << b)) + "\"}",
         static_cast<std::int64_t>(sum));
  }
  out.append(name)
      .append("_sum ")
      .append(seconds(sum_us_.load(std::memory_order_relaxed)))
      .append("\n");
  line(out, std::string(name) + "_count", static_cast<std::int64_t>(sum));
}

std::string Metrics::text() const {
  std::string out;
  auto counter = [&](const char* name, const Counter& c, const char* help) {
    head(out, name, "counter", help);
    line(out, name, static_cast<std::int64_t>(c.value()));
  };
  auto gauge = [&](const char* name, const Gauge& g, const char* help) {
    head(out, name, "gauge", help);
    line(out, name, g.value());
  };
  counter("qiao_http_requests_total", requests, "HTTP requests read.");
  head(out, "qiao_http_responses_total", "counter", "HTTP responses by class of status.");
  for (std::size_t i = 1; i < responses.size(); ++i) {
    line(out, "qiao_http_responses_total{class=\"" + std::to_string(i) + "xx\"}",
         static_cast<std::int64_t>(responses[i].value()));
  }
  counter("qiao_commands_applied_total", commands_applied, "Commands that changed the market.");
  counter("qiao_commands_refused_total", commands_refused, "Commands refused with a reason.");
  counter("qiao_events_total", events, "Events written to the journal.");
  counter("qiao_commit_groups_total", commit_groups, "Groups of commands written with one sync.");
  counter("qiao_idempotent_replays_total", idempotent_replays,
          "Requests answered with the stored response of their key.");
  counter("qiao_connections_accepted_total", connections_accepted, "Connections accepted.");
  counter("qiao_connections_refused_total", connections_refused,
          "Connections refused because there were too many.");
  counter("qiao_connections_timed_out_total", connections_timed_out,
          "Connections closed because the client was silent or slow.");
  counter("qiao_watch_events_sent_total", watch_events_sent, "Events sent to watchers.");
  counter("qiao_watchers_dropped_total", watchers_dropped,
          "Watchers dropped because they did not keep up.");
  gauge("qiao_connections", connections, "Open HTTP connections.");
  gauge("qiao_watchers", watchers, "Open WebSocket watchers.");
  gauge("qiao_applied_seq", applied_seq, "Sequence number of the last event in memory.");
  gauge("qiao_durable_seq", durable_seq, "Sequence number of the last event on disk.");
  gauge("qiao_parties", parties, "Parties in memory.");
  gauge("qiao_offers", offers, "Offers in memory.");
  gauge("qiao_needs", needs, "Needs in memory.");
  gauge("qiao_matches", matches, "Matches in memory.");
  request_us.write(out, "qiao_http_request_seconds",
                   "From the last byte of a request to the first of its answer.");
  commit_us.write(out, "qiao_commit_seconds", "Time of one synced write.");
  return out;
}

}  // namespace qiao
