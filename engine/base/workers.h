// Parallel work on threads that the caller provides: the engine starts none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

namespace qiao {

// Calls work(0) .. work(parts - 1) once each, in any order and on any threads, and returns when all
// have returned.
using Workers =
    std::function<void(std::size_t parts, const std::function<void(std::size_t part)>& work)>;

// Runs all parts on the caller's thread.
inline void alone(std::size_t parts, const std::function<void(std::size_t)>& work) {
  for (std::size_t p = 0; p < parts; ++p) work(p);
}

// The number of parts of at most `per_part` items; at least one.
constexpr std::size_t parts_of(std::size_t count, std::size_t per_part) {
  return count / per_part + 1;
}

// Calls work(part, begin, end) for each part.
template <class Work>
void in_parts(const Workers& workers, std::size_t count, std::size_t per_part, Work work) {
  workers(parts_of(count, per_part), [&](std::size_t part) {
    work(part, part * per_part, std::min(count, (part + 1) * per_part));
  });
}

}  // namespace qiao
