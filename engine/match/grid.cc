#include "engine/match/grid.h"

namespace qiao {

std::int64_t least_distance_metres(Point from, std::int64_t south, std::int64_t north,
                                   std::int64_t west, std::int64_t east) {
  const std::int64_t y = std::clamp<std::int64_t>(from.latitude_e7, south, north);
  const std::int64_t dy_mm = std::abs(y - from.latitude_e7) * kMillimetresPerDegree / 10'000'000;
  // The distances from the point westwards and eastwards to the box, around the earth.
  constexpr std::int64_t kTurn = 2LL * kMaxLongitudeE7;
  const std::int64_t to_west = ((west - from.longitude_e7) % kTurn + kTurn) % kTurn;
  const std::int64_t width = east - west;
  std::int64_t dx = 0;
  if (to_west != 0 && kTurn - to_west > width) dx = std::min(to_west, kTurn - to_west - width);
  // distance_metres() uses the mean latitude; no point of the box is farther from the equator.
  const std::int64_t farthest =
      std::max({std::abs(south), std::abs(north), std::abs(std::int64_t{from.latitude_e7})});
  const std::int64_t cosine =
      cosine_q30(static_cast<std::int32_t>(std::min<std::int64_t>(farthest, kMaxLatitudeE7)));
  const std::int64_t dx_mm = (dx * cosine >> 30) * kMillimetresPerDegree / 10'000'000;
  const double square = static_cast<double>(dx_mm) * static_cast<double>(dx_mm) +
                        static_cast<double>(dy_mm) * static_cast<double>(dy_mm);
  // Two metres less, because each of the steps above rounds.
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::sqrt(square)) / 1000 - 2);
}

}  // namespace qiao
