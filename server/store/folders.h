// Folders of databases, on the disk that an Env is.
#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <string>

#include "server/store/error.h"

namespace qiao {

// Makes a rename in it durable.
rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path);
// Makes the folder, and those above it that are missing.
rocksdb::Status make_folders(rocksdb::Env& env, const std::filesystem::path& path);
// Removes the folder and the files in it. It has no folders.
rocksdb::Status remove_folder(rocksdb::Env& env, const std::string& path);
// Refused where the disk has too little space for opening the database there.
StoreResult<void> check_room(rocksdb::Env& env, const std::string& path);

}  // namespace qiao
