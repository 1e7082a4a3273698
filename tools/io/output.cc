#include "tools/io/output.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace qiao {

bool finish_output() {
  std::cout.flush();
  const bool written = std::cout.good() && std::ferror(stdout) == 0;
  // Some file systems report a failed write only when a descriptor is closed. The copy is closed
  // because the C++ library still flushes the stream itself at exit.
  const int copy = dup(STDOUT_FILENO);
  const bool closed = copy < 0 || close(copy) == 0;
  return written && closed;
}

}  // namespace qiao
