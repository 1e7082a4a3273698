// Clearings and their results, beside the rows of the market.
#include <rocksdb/db.h>

#include "server/store/scan.h"
#include "server/store/status.h"
#include "server/store/store.h"

namespace qiao {
namespace {

std::string key_of_part(std::uint64_t number, ClearingPart part) {
  return big_endian(number) + static_cast<char>(part);
}

}  // namespace

void Group::put_clearing(std::uint64_t number, ClearingPart part, std::string_view bytes,
                         Store& store) {
  const rocksdb::Slice value(bytes.data(), bytes.size());
  batch_->Put(store.clearing(), key_of_part(number, part), value);
}

void Group::delete_clearing(std::uint64_t number, ClearingPart part, Store& store) {
  batch_->Delete(store.clearing(), key_of_part(number, part));
}

StoreResult<void> Store::read_clearings(const ClearingRow& row) const {
  // An older database that is opened read-only has no such table.
  if (clearing_ == nullptr) return outcome::success();
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), clearing_));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string_view key(it->key().data(), it->key().size());
    if (key.size() != kClearingKeySize) {
      const std::string size = std::to_string(key.size());
      return StoreError{
          path_ + ": a clearing has a key of " + size + " bytes; restore the last backup", true,
          path_ + "：一轮统一对接的键有" + size + "字节；请恢复最近的备份"};
    }
    const std::string_view value(it->value().data(), it->value().size());
    row(from_big_endian(key.substr(0, 8)), static_cast<ClearingPart>(key.back()), value);
  }
  if (it->status().ok()) return outcome::success();
  return error("cannot read the clearings in " + path_, it->status(),
               "无法读取" + path_ + "中的统一对接");
}

}  // namespace qiao
