// How far a history has been loaded: a row of "meta", present during the load.
#include <rocksdb/db.h>

#include "server/store/status.h"
#include "server/store/store.h"

namespace qiao {
namespace {

constexpr const char* kName = "loading";
constexpr std::size_t kNumber = 8;
constexpr std::size_t kHead = kNumber + sizeof(ChainHash);

}  // namespace

StoreError load_was_cut_off(const LoadMark& mark) {
  const std::string lines = std::to_string(mark.lines);
  return {.message = "loading " + mark.file + " was interrupted after line " + lines +
                     ": the database holds a part of it. Start qiaod again with --load and that "
                     "file to continue, or delete the database and start again",
          .zh = "导入" + mark.file + "在第" + lines +
                "行之后中断，数据库里只有一部分。请仍用--load和该文件启动qiaod以继续导入，"
                "或删除数据库后重新开始"};
}

void Group::put_load_mark(const LoadMark& mark, Store& store) {
  std::string value = big_endian(mark.lines);
  value.append(reinterpret_cast<const char*>(mark.digest.data()), mark.digest.size());
  batch_->Put(store.meta(), kName, value + mark.file);
}

void Group::delete_load_mark(Store& store) { batch_->Delete(store.meta(), kName); }

StoreResult<std::optional<LoadMark>> Store::load_mark() const {
  std::string value;
  const auto status = db_->Get({}, meta_, kName, &value);
  if (status.IsNotFound()) return std::optional<LoadMark>();
  if (!status.ok()) return error("cannot read " + path_, status, "无法读取" + path_);
  if (value.size() < kHead) {
    return StoreError{path_ + ": the mark of a load is damaged; restore the last backup", true};
  }
  LoadMark mark{.lines = from_big_endian(value), .file = value.substr(kHead)};
  std::copy_n(value.begin() + kNumber, mark.digest.size(),
              reinterpret_cast<char*>(mark.digest.data()));
  return std::optional(std::move(mark));
}

StoreResult<void> Store::flush() {
  const auto status = db_->Flush({}, handles_);
  if (status.ok()) return outcome::success();
  return StoreError{"cannot write to " + path_ + ": " + status.ToString()};
}

}  // namespace qiao
