// CHECK: aborts if an invariant is broken. Enabled in release builds too: continuing would write
// the error to disk.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace qiao {

[[noreturn]] inline void check_failed(const char* condition, const char* context, const char* file,
                                      int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", file, line, context, condition);
  std::abort();
}

}  // namespace qiao

#define QIAO_CHECK(condition, context)                                               \
  do {                                                                               \
    if (!(condition)) ::qiao::check_failed(#condition, context, __FILE__, __LINE__); \
  } while (false)
