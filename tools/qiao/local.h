// What works on a database's folder rather than on a server.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/store/head_mark.h"

namespace qiao {

// An event, and the hash of it and everything before it, that were written down elsewhere.
struct Expected {
  Seq seq = 0;
  ChainHash hash{};
};
// Of "SEQ:HASH", the hash as 64 hexadecimal digits; empty where the text is anything else.
std::optional<Expected> read_expected(std::string_view text);

// Reads every table whole, follows the journal's chain of hashes, refolds it against the rows and
// checks every invariant. Changes nothing. The database must not be in use, and cannot be opened
// for writing meanwhile. `key`: file of the master key, empty for the one beside the folder.
int verify_folder(const std::string& folder, const std::string& key,
                  const std::optional<Expected>& expect, bool chinese);

// Makes a working database of a backup: a full copy into a folder that is not there yet. Where the
// copy does not verify it is removed, and the code is that of verify_folder().
// `key` is the file of the master key, empty for the one beside the backup; it is copied beside the
// new folder.
int restore_folder(const std::string& backup, const std::string& folder, const std::string& key,
                   bool chinese);

// Puts a fresh master key into the file.
int rotate_key(const std::string& file, bool chinese);
// Drops the old master keys, unless the database in `folder` has something sealed with one of them.
// `folder`: empty for the one that the file lies beside (FOLDER.key). It may be in use.
int prune_keys(const std::string& file, const std::string& folder, bool chinese);

}  // namespace qiao
