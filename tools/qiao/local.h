// What works on a database's folder rather than on a server.
#pragma once

#include <string>

namespace qiao {

// Refolds the journal against the rows and checks every invariant. The database must not be in use.
int verify_folder(const std::string& folder, bool chinese);

// Makes a working database of a backup: a full copy into a folder that is not there yet.
int restore_folder(const std::string& backup, const std::string& folder, bool chinese);

}  // namespace qiao
