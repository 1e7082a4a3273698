// Folders of databases, on the disk of an Env.
#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <string>

#include "server/store/error.h"

namespace qiao {

// Makes a rename in the folder durable.
rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path);
// Creates the folder and missing parents.
rocksdb::Status make_folders(rocksdb::Env& env, const std::filesystem::path& path);
// Removes the folder and the files in it. It must have no subfolders.
rocksdb::Status remove_folder(rocksdb::Env& env, const std::string& path);
// Refused if the disk has too little space to open the database there.
StoreResult<void> check_room(rocksdb::Env& env, const std::string& path);

}  // namespace qiao
