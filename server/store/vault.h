// Personal data at rest: sealed in rows and journal with a key for each row, which is itself sealed
// with the master key. Erasing a row's data means deleting its key: the journal stays unchanged,
// chain and all, and the data can no longer be read (crypto-shredding). A new master key reseals
// the rows' keys, not the data.
//
// XChaCha20-Poly1305 (libsodium) throughout; kind, id and field are associated data, so that a
// sealed value cannot be moved to another place.
#pragma once

#include <google/protobuf/message.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "qiao/v1/event.pb.h"
#include "server/store/key_file.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace qiao {

namespace pb = qiao::v1;

// Thread-safe. 48 bytes of memory for each row that has personal data.
class Vault {
 public:
  // Reads the rows' keys and reseals those of an older master key with the current one, unless
  // read-only. The error says which key is missing.
  static StoreResult<std::unique_ptr<Vault>> open(rocksdb::DB& db,
                                                  rocksdb::ColumnFamilyHandle* family, KeyFile keys,
                                                  bool read_only);

  // Whether rows of these kinds have sealed fields, by the marks of the fields.
  static bool covers(pb::Event::RowCase kind);
  // Whether it contains something sealed. Exact for bytes that were written by seal().
  static bool is_sealed(std::string_view bytes);

  // Seals every marked field that is not sealed yet. A row without a key gets one, which is added
  // to the batch.
  void seal(pb::Event::RowCase kind, std::uint64_t id, google::protobuf::Message& row,
            rocksdb::WriteBatch& batch);
  // The inverse. Erased fields come out empty. False: something was altered.
  bool unseal(pb::Event::RowCase kind, std::uint64_t id, google::protobuf::Message& row) const;
  // After this nothing sealed so far for that row can be read; on disk when the batch is.
  void forget(pb::Event::RowCase kind, std::uint64_t id, rocksdb::WriteBatch& batch);
  // Whether a key was deleted that no compaction has removed from the disk yet; the call resets it.
  bool take_forgotten();

  // Ids of the master keys that sealed something on disk when the vault was opened.
  const std::vector<std::uint64_t>& keys_in_use() const { return keys_in_use_; }
  // Key of the journal's chain; a new database generates one.
  const KeyBytes& chain_key() const { return chain_key_; }

 private:
  Vault(rocksdb::ColumnFamilyHandle* family, KeyFile keys)
      : family_(family), keys_(std::move(keys)) {}
  std::string wrap(std::string_view name, const KeyBytes& key) const;
  StoreResult<KeyBytes> unwrap(std::string_view name, std::string_view wrapped) const;

  rocksdb::ColumnFamilyHandle* family_;
  KeyFile keys_;
  std::vector<std::uint64_t> keys_in_use_;
  KeyBytes chain_key_{};
  mutable std::mutex mutex_;
  boost::unordered_flat_map<std::uint64_t, KeyBytes> row_keys_;  // by kind and id
  bool forgotten_ = false;
};

}  // namespace qiao
