#pragma once

namespace qiao {

// Flushes standard output, as the last action of a program. False if some output could not be
// written: a full disk, a failed device.
bool finish_output();

}  // namespace qiao
