// Work on several threads, which the engine does not start itself.
#pragma once

#include <cstddef>
#include <functional>

namespace qiao {

// Calls work(0) .. work(parts - 1) once each, in any order and on any threads, and returns when all are done.
using Workers = std::function<void(std::size_t parts, const std::function<void(std::size_t part)>& work)>;

// On the caller's own thread.
inline void alone(std::size_t parts, const std::function<void(std::size_t)>& work) {
  for (std::size_t p = 0; p < parts; ++p) work(p);
}

}  // namespace qiao
