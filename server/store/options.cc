#include "server/store/options.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <memory>

namespace qiao {
namespace {

// After a failed write the process stops. RocksDB would retry meanwhile, and its assertions would
// end the process without an explanation.
class NoRecovery : public rocksdb::EventListener {
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* automatic) override {
    *automatic = false;
  }
};

// RocksDB writes its log into the folder, even when it only reads.
class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

rocksdb::DBOptions options_for(Store::Mode mode, const StoreOptions& with) {
  rocksdb::DBOptions options;
  options.env = with.env;
  options.max_open_files = with.open_files;
  options.max_file_opening_threads = with.opening_threads;
  options.create_if_missing = mode == Store::Mode::kCreateIfMissing;
  // A table added by a newer format; foreign and newer databases have been refused by then.
  options.create_missing_column_families = mode != Store::Mode::kReadOnly;
  // Without these the kernel writes back in bursts, and a sync meets a 40 ms stall (DESIGN.md §8).
  options.bytes_per_sync = 1 << 20;
  options.wal_bytes_per_sync = 1 << 20;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 256 << 20;
  options.keep_log_file_num = 4;
  options.info_log_level = rocksdb::WARN_LEVEL;
  if (mode == Store::Mode::kReadOnly) options.info_log = std::make_shared<NoLog>();
  // A log or table that is missing, shorter than it was synced or of another database is noticed
  // when it is opened. The end of a log that was being written is checked by the head mark: a torn
  // end after a power cut looks like damage to RocksDB's stricter recovery modes.
  options.track_and_verify_wals_in_manifest = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<NoRecovery>());
  // Nobody reads these statistics; each would have a thread of its own.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(std::size_t write_buffer) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = write_buffer;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 16 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace qiao
