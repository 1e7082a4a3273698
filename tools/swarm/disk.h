// A disk in memory, for a database under simulation: it can be slow, refuse, be full, stop in the
// middle of a write, and lose and tear what was never synced.
//
// What a power cut leaves is what POSIX promises and no more: the bytes of a file up to its last
// sync, then any part of what came after; names as they were at the last sync of their folder, then
// any beginning of what came after (file systems keep the order of names, as ext4 and XFS do). A
// kill leaves everything that was written.
//
// The unsynced end of a RocksDB log may be garbage, too. That of other files is only cut: ext4 as
// it is mounted by default, XFS and btrfs write bytes before the size that counts them, and where
// that is not so RocksDB 7.8 does not open a database whose MANIFEST ends in garbage
// (docs/promises.md, D6).
//
// RocksDB's background work runs when run_background() is called, on the caller's thread, so that a
// seed decides everything. Source of the idea: FoundationDB's and TigerBeetle's simulators;
// RocksDB's own FaultInjectionTestFS.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/random.h"

namespace rocksdb {
class Env;
}

namespace qiao::swarm {

// One machine's. For one thread, but for reads, which RocksDB does from several.
class SimulatedDisk {
 public:
  SimulatedDisk();
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;

  // For StoreOptions. Lives as long as the disk.
  rocksdb::Env* env();

  // The clock that RocksDB sees.
  void set_micros(std::uint64_t now);

  // Operations that change something, so far: appends, syncs, names.
  std::uint64_t operations() const;
  // The machine stops inside the operation with that number: part of it may have happened, nothing
  // after it does. 0: never.
  void stop_at(std::uint64_t operation);
  // It has stopped: everything fails until it is taken up again.
  bool stopped() const;
  void stop();

  // The operation with that number fails, once, with an input/output error. 0: none.
  void refuse_at(std::uint64_t operation);
  // While full, whatever needs room fails.
  void set_full(bool full);
  bool full() const;
  // For showing that the simulation sees what it has to see: syncs do nothing and say that all is
  // well.
  void set_lying(bool lying);

  // After the process is gone and no file is open. A kill keeps what was written; a power cut keeps
  // what was synced, and of the rest what `random` says.
  void take_up_after_kill();
  void take_up_after_power_cut(Random& random);

  // RocksDB's flushes and compactions that are due.
  void run_background();
  // Calls what waits for such work, which is done meanwhile on another thread: one of the two waits
  // for the other at any time.
  void run_beside_background(const std::function<void()>& call);

  // The files and folders as they are, while no file is open.
  class Image;
  std::shared_ptr<const Image> image() const;
  void put_back(const Image& image);
  // Spoils a file that has something in it: flips a bit, cuts it or takes it away.
  void damage(Random& random);

  struct Counts {
    std::uint64_t lost_bytes = 0;  // written, never synced, gone in a power cut
    std::uint64_t torn_files = 0;  // whose end was cut or garbage
    std::uint64_t lost_names = 0;  // creations, renames and deletions undone
    std::uint64_t refused = 0;
    std::uint64_t syncs = 0;
  };
  const Counts& counts() const;

 private:
  class Files;
  class Environment;
  std::shared_ptr<Files> files_;
  std::unique_ptr<Environment> env_;
};

}  // namespace qiao::swarm
