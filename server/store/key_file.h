// The master key: a file of its own, so that the database, a copy of it or a stolen disk reveals
// nothing about residents.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/store/error.h"

namespace qiao {

using KeyBytes = std::array<unsigned char, 32>;

struct MasterKey {
  std::uint64_t id;  // first 8 bytes of its BLAKE2b hash
  KeyBytes bytes;
};

// One key a line, "qiao-key-1 BASE64"; the first one encrypts, the others only decrypt what they
// encrypted before.
class KeyFile {
 public:
  // Refuses, with instructions, a file that others than its owner can read, that belongs to another
  // user, or that has another format.
  static StoreResult<KeyFile> load(const std::string& path);
  // Creates the file with a new key, readable by its owner only. It must not exist.
  static StoreResult<KeyFile> create(const std::string& path);
  // Adds a new key in front: new data are sealed with it, and the next start reseals the rest.
  static StoreResult<KeyFile> rotate(const std::string& path);
  // Deletes all but the first. Refused, and the file unchanged, while a key that would be deleted
  // is one of `in_use`: the ids of the master keys that seal something in the database
  // (Store::keys_in_use).
  static StoreResult<KeyFile> prune(const std::string& path,
                                    const std::vector<std::uint64_t>& in_use);

  const MasterKey& current() const { return keys_.front(); }
  const MasterKey* find(std::uint64_t id) const;

 private:
  static StoreResult<void> write(const std::string& path, const std::vector<MasterKey>& keys,
                                 bool fresh);
  std::vector<MasterKey> keys_;
};

}  // namespace qiao
