// A database as plain RocksDB opens it: what somebody can do who has the files and not the store.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <map>
#include <string>
#include <vector>

namespace qiao {

struct Raw {
  rocksdb::DB* db = nullptr;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families;
  explicit Raw(const std::string& folder) {
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, folder, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const auto& n : names) descriptors.emplace_back(n, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    EXPECT_TRUE(rocksdb::DB::Open({}, folder, descriptors, &handles, &db).ok());
    for (std::size_t i = 0; i < names.size(); ++i) families[names[i]] = handles[i];
  }
  ~Raw() {
    for (auto& [name, handle] : families) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  std::string get(const char* family, const std::string& key) {
    std::string value;
    EXPECT_TRUE(db->Get({}, families.at(family), key, &value).ok());
    return value;
  }
  void put(const char* family, const std::string& key, const std::string& value) {
    EXPECT_TRUE(db->Put({}, families.at(family), key, value).ok());
  }
};

}  // namespace qiao
