// Personal data at rest: sealed in rows and journal with a key of each row's own, which is itself
// sealed with the master key. Erasing a row's data is forgetting its key: the journal stays as it
// is, chain and all, and nobody can read them any more (crypto-shredding). A new master key seals
// the rows' keys again, not the data.
//
// XChaCha20-Poly1305 (libsodium) throughout; kind, id and field go in as associated data, so that a
// sealed value cannot be put in another place.
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
  // Reads the rows' keys; what an older master key sealed is sealed again with the current one,
  // unless read-only. The error says which key is missing.
  static StoreResult<std::unique_ptr<Vault>> open(rocksdb::DB& db,
                                                  rocksdb::ColumnFamilyHandle* family, KeyFile keys,
                                                  bool read_only);

  // Rows of these kinds have fields that are sealed.
  static bool covers(pb::Event::RowCase kind);
  // Does it hold something sealed? Exact for bytes that were written by seal().
  static bool is_sealed(std::string_view bytes);

  // Seals every marked field that is not sealed yet. A row that has no key gets one, which goes
  // into the batch.
  void seal(pb::Event::RowCase kind, std::uint64_t id, google::protobuf::Message& row,
            rocksdb::WriteBatch& batch);
  // The other way round. What was erased comes out empty. False: something was changed.
  bool unseal(pb::Event::RowCase kind, std::uint64_t id, google::protobuf::Message& row) const;
  // From here on nothing sealed so far for that row can be read; on disk when the batch is.
  void forget(pb::Event::RowCase kind, std::uint64_t id, rocksdb::WriteBatch& batch);
  // Whether something was forgotten that a compaction has not taken off the disk yet; asking takes
  // note of it.
  bool take_forgotten();

  // Ids of the master keys that sealed something on disk when the vault was opened.
  const std::vector<std::uint64_t>& keys_in_use() const { return keys_in_use_; }
  // Of the journal's chain; a new database makes one.
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
