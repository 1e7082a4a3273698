// The position up to which the journal was answered from, in a file of its own beside the database.
//
// RocksDB cannot tell a log that was cut off from one that ended there: it recovers what precedes
// the damage and does not report the rest. The mark is written after each synced write, so that a
// start can tell: a journal that ends before its mark has lost something that was answered.
//
// It also holds the epoch of the database. The file is a sequence of records of one size, each with
// a checksum; the last valid one counts. The first is synced before the file gets its name, so a
// file without a valid record is damaged. Appends are not synced one by one (that would halve the
// speed of small writes): after a power cut the mark may be some seconds behind the journal, never
// ahead.
//
// A row of the database ("marked") records that it has had a mark, so that a missing one is
// noticed.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/ids.h"
#include "server/store/error.h"

namespace rocksdb {
class Env;
class WritableFile;
}  // namespace rocksdb

namespace qiao {

// Identifies an event and everything before it: BLAKE2b-256, keyed, of the previous hash, the
// sequence number and the event as stored.
using ChainHash = std::array<unsigned char, 32>;
// Parses hexadecimal digits of either case; nothing if the text is anything else.
std::optional<ChainHash> from_hex(std::string_view text);

struct Head {
  Seq seq = 0;
  ChainHash hash{};
  // Of this history. Changes after a restore, after which numbers are used again for other things;
  // 0: not assigned yet, as in a backup.
  std::uint64_t epoch = 0;
  // RocksDB's number of the last synced write, with events or not; 0: unknown, as in older marks.
  std::uint64_t write = 0;
  // Place of the database when it got its epoch: see place_of(). 0: unknown.
  std::uint64_t place = 0;
};

// Identifies the place of a database's files on the disk: another number for a copy of the folder,
// the same after a rename. 0 if it is unknown.
std::uint64_t place_of(const std::string& folder);

// For one thread at a time.
class HeadMark {
 public:
  // The mark in a database's folder. Empty if there is no file; damaged if it has no valid record.
  static StoreResult<std::optional<Head>> read(rocksdb::Env& env, const std::string& folder);

  // Replaces the file by one that contains only `head`, synced.
  static StoreResult<std::unique_ptr<HeadMark>> create(rocksdb::Env& env, const std::string& folder,
                                                       const Head& head);

  ~HeadMark();

  // Appends a record. After an error the mark is unchanged.
  StoreResult<void> append(const Head& head);
  StoreResult<void> sync();

 private:
  HeadMark(rocksdb::Env& env, std::string folder);
  StoreResult<void> start_over(const Head& head);

  rocksdb::Env& env_;
  std::string folder_;
  std::unique_ptr<rocksdb::WritableFile> file_;
  std::size_t records_ = 0;
};

// The mark in the folder of a database that is not open yet.
struct MarkRead {
  std::optional<Head> head = {};
  std::optional<StoreError> damage = {};  // why there is none although the file exists
};

StoreResult<MarkRead> read_mark(rocksdb::Env& env, const std::string& path);
// The error for a missing mark.
StoreError mark_is_lost(const MarkRead& mark, const std::string& path);

}  // namespace qiao
