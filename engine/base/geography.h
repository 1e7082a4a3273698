// Points and distances in integers.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <cstdint>

namespace qiao {

// 1e-7 degrees. North and east are positive.
struct Point {
  std::int32_t latitude_e7 = 0;
  std::int32_t longitude_e7 = 0;
  friend constexpr auto operator<=>(const Point&, const Point&) = default;
};

inline constexpr std::int32_t kMaxLatitudeE7 = 900'000'000;
inline constexpr std::int32_t kMaxLongitudeE7 = 1'800'000'000;
// Half the circumference of the earth, rounded up: no two points are further apart.
inline constexpr std::int64_t kMaxDistanceMetres = 20'100'000;
// Metres of one degree of a meridian (mean radius 6,371,008.8 m), times 1000.
inline constexpr std::int64_t kMillimetresPerDegree = 111'195'080;

namespace detail {
// cos(i/10 degrees) * 2^30, i = 0..900, rounded down. Computed from the power series, which gives
// the same result with every compiler: 14 terms are exact to 10^-19 up to 90 degrees.
inline constexpr auto kCosine = [] {
  std::array<std::int32_t, 902> table{};
  for (int i = 0; i <= 900; ++i) {
    const long double x = i * 3.14159265358979323846L / 1800;
    long double term = 1;
    long double sum = 1;
    for (int n = 1; n <= 14; ++n) {
      term *= -x * x / ((2 * n - 1) * (2 * n));
      sum += term;
    }
    table[static_cast<std::size_t>(i)] =
        static_cast<std::int32_t>(sum * 1073741824 + 1e-6L);  // so that cos 60 is exactly 0.5
  }
  return table;  // table[901] stays 0: the entry after 90 degrees
}();
}  // namespace detail

// cos(latitude) * 2^30, by linear interpolation between tenths of a degree (error below 4e-7).
constexpr std::int64_t cosine_q30(std::int32_t latitude_e7) {
  const std::int64_t a = latitude_e7 < 0 ? -static_cast<std::int64_t>(latitude_e7) : latitude_e7;
  const std::int64_t i = a / 1'000'000;
  const std::int64_t rest = a % 1'000'000;
  const std::int64_t here = detail::kCosine[static_cast<std::size_t>(i)];
  const std::int64_t next = detail::kCosine[static_cast<std::size_t>(i + 1)];
  return here + (next - here) * rest / 1'000'000;
}

// The shorter way round: at most 180 degrees.
constexpr std::int64_t longitude_difference_e7(std::int32_t a, std::int32_t b) {
  std::int64_t d = static_cast<std::int64_t>(a) - b;
  if (d > kMaxLongitudeE7) d -= 2LL * kMaxLongitudeE7;
  if (d < -kMaxLongitudeE7) d += 2LL * kMaxLongitudeE7;
  return d;
}

// Metres between two points, rounded down. Equirectangular at the middle latitude, which is within
// 0.1 % of the great circle up to 200 km at inhabited latitudes. Symmetric. About 10 ns.
inline std::int64_t distance_metres(Point a, Point b) {
  const std::int64_t middle = (static_cast<std::int64_t>(a.latitude_e7) + b.latitude_e7) / 2;
  const std::int64_t cosine = cosine_q30(static_cast<std::int32_t>(middle));
  const std::int64_t dy_mm = (static_cast<std::int64_t>(a.latitude_e7) - b.latitude_e7) *
                             kMillimetresPerDegree / 10'000'000;
  // |difference| < 2^31 and the cosine < 2^30, so the product fits in 62 bits. Uses the absolute
  // value, because a right shift rounds negative numbers down.
  const std::int64_t turn_e7 = longitude_difference_e7(a.longitude_e7, b.longitude_e7);
  const std::int64_t dx_e7 = (turn_e7 < 0 ? -turn_e7 : turn_e7) * cosine >> 30;
  const std::int64_t dx_mm = dx_e7 * kMillimetresPerDegree / 10'000'000;
  // The operands are below 2^38, so the doubles are exact up to the sum, and IEEE 754 requires sqrt
  // to be rounded correctly.
  const double square = static_cast<double>(dx_mm) * static_cast<double>(dx_mm) +
                        static_cast<double>(dy_mm) * static_cast<double>(dy_mm);
  return static_cast<std::int64_t>(std::sqrt(square)) / 1000;
}

namespace detail {
inline constexpr std::int32_t kMatchingCellE7 = 25'000;

// The middle of the interval that contains e7; intervals begin at 0 in both directions.
constexpr std::int32_t middle_of_cell(std::int32_t e7, std::int32_t most) {
  constexpr std::int32_t kHalf = kMatchingCellE7 / 2;
  const std::int32_t begin = e7 / kMatchingCellE7 * kMatchingCellE7;
  return std::clamp(begin + (e7 < 0 ? -kHalf : kHalf), kHalf - most, most - kHalf);
}
}  // namespace detail

// The position of a need that matching uses: the middle of its cell in a grid of 0.0025 degrees
// (about 250 m), so that distances, rankings and radii never reveal more than the cell. At most 139
// m away to the north or south, and as much to the east or west: 197 m at the equator, 184 m at
// latitude 30. The cells subdivide those of public positions (multiples of 0.01 degrees, rounded),
// so that both together reveal no more than the cell.
constexpr Point matching_point(Point exact) {
  return {detail::middle_of_cell(exact.latitude_e7, kMaxLatitudeE7),
          detail::middle_of_cell(exact.longitude_e7, kMaxLongitudeE7)};
}

// Computes lower bounds of distances from one point, several times faster than distances, to
// preselect candidates. In floating point, so that results must never depend on it.
class DistanceBound {
 public:
  explicit DistanceBound(Point from)
      : from_(from),
        cosine_(std::cos(from.latitude_e7 * kRadians)),
        sine_(std::sin(from.latitude_e7 * kRadians)) {}

  // Metres, never more than distance_metres(). Within 100 km, at inhabited latitudes, at most 0.1 %
  // and three metres less.
  double at_least(Point to) const {
    const auto north_e7 =
        static_cast<double>(static_cast<std::int64_t>(to.latitude_e7) - from_.latitude_e7);
    const auto east_e7 =
        static_cast<double>(longitude_difference_e7(to.longitude_e7, from_.longitude_e7));
    // The cosine at the middle latitude by Taylor's series, with the remainder estimated low
    // enough; the interpolated cosine is at most 4e-7 lower.
    const double half = north_e7 * (kRadians / 2);
    const double cosine = std::max(0.0, cosine_ - half * (sine_ + half / 2) - 1e-6);
    const double east = east_e7 * cosine;
    return std::sqrt(north_e7 * north_e7 + east * east) * kMetres - 2;
  }

 private:
  static constexpr double kRadians = 3.14159265358979323846 / 1'800'000'000;
  static constexpr double kMetres = static_cast<double>(kMillimetresPerDegree) / 1000 / 10'000'000;
  Point from_;
  double cosine_;
  double sine_;
};

}  // namespace qiao
