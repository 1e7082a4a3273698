#include "server/access/buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qiao {

template <class Key>
double Buckets<Key>::tokens_of(const Bucket& bucket, Clock::time_point now) const {
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(burst_, bucket.tokens + passed * per_second_);
}

template <class Key>
std::optional<std::chrono::seconds> Buckets<Key>::wait_for(KeyView key, double tokens,
                                                           Clock::time_point now) {
  if (per_second_ <= 0) return std::nullopt;
  const auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostKeys) sweep(now);
    if (buckets_.size() >= kMostKeys) return std::chrono::seconds{1};
    return std::nullopt;
  }
  const double missing = std::min(tokens, burst_) - tokens_of(found->second, now);
  if (missing <= 0) return std::nullopt;
  const double wait = std::ceil(missing / per_second_);
  return std::chrono::seconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(wait))};
}

template <class Key>
void Buckets<Key>::charge(KeyView key, double tokens, Clock::time_point now, double most_debt) {
  if (per_second_ <= 0) return;
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostKeys) return;
    found = buckets_.emplace(Key(key), Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = std::max(-most_debt, tokens_of(bucket, now) - tokens);
  bucket.at = now;
}

template <class Key>
std::optional<std::chrono::seconds> Buckets<Key>::take(KeyView key, double tokens,
                                                       Clock::time_point now) {
  if (const auto wait = wait_for(key, tokens, now)) return wait;
  charge(key, tokens, now, std::numeric_limits<double>::infinity());
  return std::nullopt;
}

template <class Key>
void Buckets<Key>::sweep(Clock::time_point now) {
  erase_if(buckets_, [&](const auto& entry) { return tokens_of(entry.second, now) >= burst_; });
}

template class Buckets<std::uint64_t>;
template class Buckets<std::string>;

}  // namespace qiao
