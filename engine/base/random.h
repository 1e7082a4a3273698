// Random numbers that are the same on every machine, unlike those of the standard's distributions.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace qiao {

// xoshiro256** (Blackman & Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded
// by splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& s : state_) {
      seed += 0x9E3779B97F4A7C15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      s = z ^ (z >> 31);
    }
  }
  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  // Returns a number in 0 .. n-1; n > 0. The bias of the multiplication is below n/2^64.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class Range>
  auto& pick(Range& range) {
    return range[below(std::size(range))];
  }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
  }
  std::array<std::uint64_t, 4> state_{};
};

// Draws positions in a list with probabilities proportional to their weights. O(log n) per draw.
class Weighted {
 public:
  explicit Weighted(std::span<const std::uint32_t> weights) {
    for (const auto w : weights) sums_.push_back((sums_.empty() ? 0 : sums_.back()) + w);
  }
  std::size_t draw(Random& random) const {
    const std::uint64_t x = random.below(sums_.back());
    std::size_t low = 0;
    std::size_t high = sums_.size() - 1;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (sums_[middle] > x) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

 private:
  std::vector<std::uint64_t> sums_;
};

}  // namespace qiao
