// Many durations, for quantiles: counted in buckets, so that adding one and querying take constant
// time and memory.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace qiao {

// Exact for durations below two and a quarter hours, to within 1/8192 above; a quantile never
// exceeds a duration that was added.
class Durations {
 public:
  void add(std::int64_t seconds) {
    const auto value = seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
    const std::size_t bucket = bucket_of(value);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++size_;
  }
  std::uint64_t size() const { return size_; }
  // The quantile in tenths; 0 if there are no durations.
  std::int64_t quantile(std::uint64_t tenths) const {
    if (size_ == 0) return 0;
    std::uint64_t before = (size_ - 1) * tenths / 10;
    std::size_t bucket = 0;
    while (before >= counts_[bucket]) before -= counts_[bucket++];
    return static_cast<std::int64_t>(least_of(bucket));
  }

 private:
  static constexpr int kBits = 13;
  static constexpr std::uint64_t kExact = std::uint64_t{1} << kBits;

  // Below kExact one bucket per second; above, kExact buckets for each doubling of the duration.
  static std::size_t bucket_of(std::uint64_t value) {
    if (value < kExact) return value;
    const int doubled = std::bit_width(value) - 1 - kBits;
    return static_cast<std::size_t>(doubled) * kExact + (value >> doubled);
  }
  static std::uint64_t least_of(std::size_t bucket) {
    if (bucket < kExact) return bucket;
    const std::uint64_t doubled = bucket / kExact - 1;
    return (bucket - doubled * kExact) << doubled;
  }

  std::vector<std::uint32_t> counts_;
  std::uint64_t size_ = 0;
};

}  // namespace qiao
