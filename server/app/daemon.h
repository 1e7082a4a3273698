// qiaod as a process: its files, its sockets, its signals.
#pragma once

#include "server/app/config.h"

namespace qiao {

// Serves until SIGINT or SIGTERM. Returns the exit code: 0, 1 for errors of the configuration or
// the machine, 65 (EX_DATAERR) for a database that lost something that was on disk. Prints the
// reason on standard error.
int serve_until_stopped(Config config);

}  // namespace qiao
