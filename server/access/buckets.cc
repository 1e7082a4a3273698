#include "server/access/buckets.h"

#include <algorithm>
#include <cmath>

namespace qiao {

std::optional<std::chrono::seconds> Buckets::take(const std::string& key, double tokens, Clock::time_point now) {
  if (per_second_ <= 0) return std::nullopt;
  tokens = std::min(tokens, burst_);
  auto at = buckets_.find(key);
  if (at == buckets_.end()) {
    if (buckets_.size() >= kMostKeys) sweep(now);
    if (buckets_.size() >= kMostKeys) return std::chrono::seconds{1};
    at = buckets_.emplace(key, Bucket{burst_, now}).first;
  }
  Bucket& bucket = at->second;
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(burst_, bucket.tokens + passed * per_second_);
  bucket.at = now;
  if (bucket.tokens >= tokens) {
    bucket.tokens -= tokens;
    return std::nullopt;
  }
  const double wait = std::ceil((tokens - bucket.tokens) / per_second_);
  return std::chrono::seconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(wait))};
}

void Buckets::sweep(Clock::time_point now) {
  erase_if(buckets_, [&](const auto& entry) {
    const double passed = std::chrono::duration<double>(now - entry.second.at).count();
    return entry.second.tokens + passed * per_second_ >= burst_;
  });
}

}  // namespace qiao
