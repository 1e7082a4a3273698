#pragma once

namespace qiao {

// Flushes standard output, as the last thing that a program does. False where something that was
// written to it did not arrive: a full disk, a failed device.
bool finish_output();

}  // namespace qiao
