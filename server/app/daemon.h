// qiaod as a process: its files, its sockets, its signals.
#pragma once

#include "server/app/config.h"

namespace qiao {

// Serves until SIGINT or SIGTERM. Returns the exit code: 0, 1 for what is wrong with the
// configuration or the machine, 65 (EX_DATAERR) for a database that lost something that was on
// disk. Says why on standard error.
int serve_until_stopped(Config config);

}  // namespace qiao
