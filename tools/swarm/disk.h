// A disk in memory, for a database under simulation: it can be slow, return errors, be full, stop
// in the middle of a write, and lose and tear data that were not synced.
//
// After a power cut it has what POSIX promises and no more: the bytes of a file up to its last
// sync, then any part of the later ones; names as they were at the last sync of their folder, then
// any prefix of the later changes (file systems keep the order of names, as ext4 and XFS do). A
// kill leaves everything that was written.
//
// The unsynced end of a RocksDB log may be garbage too. That of other files is only cut: ext4 with
// its default mount options, XFS and btrfs write bytes before the size that covers them, and
// otherwise RocksDB 7.8 does not open a database whose MANIFEST ends in garbage (docs/promises.md,
// D6).
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

// The disk of one machine. For one thread, except for reads, which RocksDB does from several.
class SimulatedDisk {
 public:
  SimulatedDisk();
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;

  // For StoreOptions. Lives as long as the disk.
  rocksdb::Env* env();

  // RocksDB's clock.
  void set_micros(std::uint64_t now);

  // Number of changing operations so far: appends, syncs, names.
  std::uint64_t operations() const;
  // The machine stops inside the operation with that number: part of it may have happened, nothing
  // after it does. 0: never.
  void stop_at(std::uint64_t operation);
  // It has stopped: everything fails until it is restarted.
  bool stopped() const;
  void stop();

  // The operation with that number fails once with an input/output error. 0: none.
  void refuse_at(std::uint64_t operation);
  // While full, whatever needs room fails.
  void set_full(bool full);
  bool full() const;
  // For showing that the simulation detects it: syncs do nothing and report success.
  void set_lying(bool lying);

  // After the process has ended and no file is open. A kill keeps what was written; a power cut
  // keeps what was synced, and of the rest what `random` decides.
  void take_up_after_kill();
  void take_up_after_power_cut(Random& random);

  // Runs RocksDB's due flushes and compactions.
  void run_background();
  // Calls a function that waits for such work, which runs meanwhile on another thread: one of the
  // two always waits for the other.
  void run_beside_background(const std::function<void()>& call);

  // The current files and folders, while no file is open.
  class Image;
  std::shared_ptr<const Image> image() const;
  void put_back(const Image& image);
  // Damages a non-empty file: flips a bit, truncates it or removes it.
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
