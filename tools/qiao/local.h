// Commands that work on a database's folder instead of a server.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/store/head_mark.h"

namespace qiao {

// An event and the hash of the journal up to it, as written down elsewhere.
struct Expected {
  Seq seq = 0;
  ChainHash hash{};
};
// Parses "SEQ:HASH", the hash as 64 hexadecimal digits; empty for any other text.
std::optional<Expected> read_expected(std::string_view text);

// Reads every table completely, follows the journal's chain of hashes, refolds it against the rows
// and checks every invariant. Changes nothing. The database must not be in use, and cannot be
// opened for writing meanwhile. `key`: file of the master key, empty for the one beside the folder.
int verify_folder(const std::string& folder, const std::string& key,
                  const std::optional<Expected>& expect, bool chinese);

// Restores a database from a backup: a full copy into a folder that must not exist. If the copy
// does not verify it is removed, and the exit code is that of verify_folder(). `key` is the file of
// the master key, empty for the one beside the backup; it is copied beside the new folder.
int restore_folder(const std::string& backup, const std::string& folder, const std::string& key,
                   bool chinese);

// Adds a new master key to the file.
int rotate_key(const std::string& file, bool chinese);
// Deletes the old master keys, unless the database in `folder` has something sealed with one of
// them. `folder`: empty for the one beside the file (FOLDER.key). It may be in use.
int prune_keys(const std::string& file, const std::string& folder, bool chinese);

}  // namespace qiao
