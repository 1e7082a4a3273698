// How far the journal had come when it was last answered from, in a file of its own beside the
// database.
//
// RocksDB cannot tell a log that was cut off from one that ended there: it recovers what comes
// before the damage and says nothing of the rest. The mark is written after each synced write, so
// that a start can tell: a journal that ends before its mark has lost something that was answered.
//
// It also holds the epoch of the database. The file is a sequence of records of one size, each with
// a checksum; the last good one counts. Its first is synced before the file gets its name, so that
// a file without a good record is damaged. Appends are not synced one by one (that would halve the
// speed of small writes): after a power cut it may be some seconds behind the journal, never ahead.
//
// A row of the database ("marked") says that it has had a mark, so that one that is gone is
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

// Stands for an event and everything before it: BLAKE2b-256, keyed, of the hash before, the
// sequence and the event as stored.
using ChainHash = std::array<unsigned char, 32>;
std::string to_hex(const ChainHash& hash);
// Of as many digits as a hash has, of either case; empty where the text is anything else.
std::optional<ChainHash> from_hex(std::string_view text);

struct Head {
  Seq seq = 0;
  ChainHash hash{};
  // Of the history that goes on from here. Another after a restore, where numbers come again for
  // other things; 0: not given yet, as in a backup.
  std::uint64_t epoch = 0;
  // RocksDB's number of the last synced write, events or not; 0: not known, as in marks of before.
  std::uint64_t write = 0;
  // Where the database was when it got its epoch: see place_of(). 0: not known.
  std::uint64_t place = 0;
};

// Where the files of a database are on the machine's disk: another number for a copy of the folder,
// the same where the folder is renamed. 0 where that cannot be told.
std::uint64_t place_of(const std::string& folder);

// For one thread at a time.
class HeadMark {
 public:
  // The mark in a database's folder. Empty where there is no file; damaged where there is no good
  // record in it.
  static StoreResult<std::optional<Head>> read(rocksdb::Env& env, const std::string& folder);

  // Replaces the file with one that holds `head` alone, synced.
  static StoreResult<std::unique_ptr<HeadMark>> create(rocksdb::Env& env, const std::string& folder,
                                                       const Head& head);

  ~HeadMark();

  // Adds a record. After an error the mark is as it was.
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
  std::optional<StoreError> damage = {};  // why there is none although there is a file
};

StoreResult<MarkRead> read_mark(rocksdb::Env& env, const std::string& path);
// What a mark that is not there means.
StoreError mark_is_lost(const MarkRead& mark, const std::string& path);

}  // namespace qiao
