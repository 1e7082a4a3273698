#include "tools/swarm/disk.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace qiao::swarm {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// A power cut may leave a partially written sector.
constexpr std::size_t kSector = 512;

struct Inode {
  std::string data;
  std::size_t synced = 0;
};

// Names: files and folders by their whole path.
struct Names {
  std::map<std::string, std::shared_ptr<Inode>> files;
  std::set<std::string> folders{"/"};
};

struct Change {
  enum class Kind { kPut, kRemove, kMakeFolder, kRemoveFolder, kRename } kind;
  std::string path;
  std::string to = {};
  std::shared_ptr<Inode> inode = {};
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string clean(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  if (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

void apply(Names& names, const Change& c) {
  switch (c.kind) {
    case Change::Kind::kPut:
      names.files[c.path] = c.inode;
      break;
    case Change::Kind::kRemove:
      names.files.erase(c.path);
      break;
    case Change::Kind::kMakeFolder:
      names.folders.insert(c.path);
      break;
    case Change::Kind::kRemoveFolder:
      names.folders.erase(c.path);
      break;
    case Change::Kind::kRename:
      if (const auto file = names.files.find(c.path); file != names.files.end()) {
        names.files[c.to] = file->second;
        names.files.erase(c.path);
      } else if (names.folders.erase(c.path) > 0) {
        names.folders.insert(c.to);
        const std::string prefix = c.path + "/";
        for (auto it = names.files.lower_bound(prefix);
             it != names.files.end() && it->first.starts_with(prefix);) {
          names.files[c.to + it->first.substr(c.path.size())] = it->second;
          it = names.files.erase(it);
        }
      }
      break;
  }
}

struct Lock : rocksdb::FileLock {
  explicit Lock(std::string p) : path(std::move(p)) {}
  std::string path;
};

class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class Clock : public rocksdb::SystemClockWrapper {
 public:
  Clock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "simulated"; }
  std::uint64_t NowMicros() override { return micros; }
  std::uint64_t NowNanos() override { return micros * 1000; }
  std::uint64_t CPUMicros() override { return micros; }
  std::uint64_t CPUNanos() override { return micros * 1000; }
  void SleepForMicroseconds(int) override {}
  rocksdb::Status GetCurrentTime(std::int64_t* seconds) override {
    *seconds = static_cast<std::int64_t>(micros / 1'000'000);
    return rocksdb::Status::OK();
  }
  std::atomic<std::uint64_t> micros{0};
};

}  // namespace

class SimulatedDisk::Files : public rocksdb::FileSystem {
 public:
  const char* Name() const override { return "simulated"; }

  std::recursive_mutex mutex;
  Names live;
  Names durable;
  std::vector<Change> pending;  // names changed since their folder was synced
  std::set<std::string> locks;
  std::uint64_t operations = 0;
  std::uint64_t stop_at = 0;
  std::uint64_t refuse_at = 0;
  bool stopped = false;
  bool full = false;
  bool lying = false;
  Counts counts;

  enum class Fate { kDone, kStopsBefore, kStopsAfter, kRefused };
  // Decides the outcome of the next operation. One during which the machine stops may have happened
  // or not, depending on its number, so that nothing is drawn here.
  Fate next() {
    if (stopped) return Fate::kStopsBefore;
    ++operations;
    if (stop_at != 0 && operations >= stop_at) {
      stopped = true;
      return operations % 2 == 0 ? Fate::kStopsBefore : Fate::kStopsAfter;
    }
    if (refuse_at != 0 && operations >= refuse_at) {
      refuse_at = 0;
      ++counts.refused;
      return Fate::kRefused;
    }
    return Fate::kDone;
  }
  static IOStatus off() { return IOStatus::IOError("the machine is off"); }
  static IOStatus refused() { return IOStatus::IOError("input/output error"); }
  IOStatus no_room() {
    ++counts.refused;
    return IOStatus::NoSpace("no space left on device");
  }

  IOStatus append(Inode& inode, const Slice& data) {
    const std::lock_guard lock(mutex);
    if (full && !stopped) return no_room();
    switch (next()) {
      case Fate::kRefused:
        return refused();
      case Fate::kStopsBefore:
        // Part of it reached the page cache.
        if (operations == stop_at) inode.data.append(data.data(), data.size() / 3);
        return off();
      case Fate::kStopsAfter:
        inode.data.append(data.data(), data.size());
        return off();
      case Fate::kDone:
        break;
    }
    inode.data.append(data.data(), data.size());
    return IOStatus::OK();
  }
  IOStatus sync(Inode& inode) {
    const std::lock_guard lock(mutex);
    const Fate fate = next();
    if (fate == Fate::kRefused) return refused();
    if (fate == Fate::kStopsBefore) return off();
    ++counts.syncs;
    if (!lying) inode.synced = inode.data.size();
    return fate == Fate::kDone ? IOStatus::OK() : off();
  }
  IOStatus change(Change c) {
    const std::lock_guard lock(mutex);
    const Fate fate = next();
    if (fate == Fate::kRefused) return refused();
    if (fate == Fate::kStopsBefore) return off();
    apply(live, c);
    pending.push_back(std::move(c));
    return fate == Fate::kDone ? IOStatus::OK() : off();
  }
  IOStatus sync_folder(const std::string& path) {
    const std::lock_guard lock(mutex);
    const Fate fate = next();
    if (fate == Fate::kRefused) return refused();
    if (fate == Fate::kStopsBefore) return off();
    ++counts.syncs;
    auto end = pending.rbegin();
    while (end != pending.rend() && folder_of(end->path) != path && folder_of(end->to) != path)
      ++end;
    // Earlier names are included: they are written in order.
    if (!lying) {
      for (auto it = pending.begin(); it != end.base(); ++it) apply(durable, *it);
      pending.erase(pending.begin(), end.base());
    }
    return fate == Fate::kDone ? IOStatus::OK() : off();
  }

  class Writable : public rocksdb::FSWritableFile {
   public:
    Writable(Files& files, std::shared_ptr<Inode> inode)
        : files_(files), inode_(std::move(inode)) {}
    using FSWritableFile::Append;
    IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
      return files_.append(*inode_, data);
    }
    IOStatus Append(const Slice& data, const IOOptions&, const rocksdb::DataVerificationInfo&,
                    IODebugContext*) override {
      return files_.append(*inode_, data);
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
      const std::lock_guard lock(files_.mutex);
      if (files_.stopped) return off();
      inode_->data.resize(std::min<std::size_t>(size, inode_->data.size()));
      inode_->synced = std::min(inode_->synced, inode_->data.size());
      return IOStatus::OK();
    }
    IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
    IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
    IOStatus Sync(const IOOptions&, IODebugContext*) override { return files_.sync(*inode_); }
    bool IsSyncThreadSafe() const override { return true; }
    std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
      return inode_->data.size();
    }

   private:
    Files& files_;
    std::shared_ptr<Inode> inode_;
  };

  // Both ways of reading.
  class Readable : public rocksdb::FSSequentialFile, public rocksdb::FSRandomAccessFile {
   public:
    Readable(Files& files, std::shared_ptr<Inode> inode)
        : files_(files), inode_(std::move(inode)) {}
    IOStatus Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                  IODebugContext* debug) override {
      const IOStatus status = Read(at_, n, options, result, scratch, debug);
      if (status.ok()) at_ += result->size();
      return status;
    }
    IOStatus Skip(std::uint64_t n) override {
      at_ += n;
      return IOStatus::OK();
    }
    IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result,
                  char* scratch, IODebugContext*) const override {
      const std::lock_guard lock(files_.mutex);
      if (files_.stopped) return off();
      const std::size_t from = std::min<std::size_t>(offset, inode_->data.size());
      const std::size_t size = std::min(n, inode_->data.size() - from);
      std::copy_n(inode_->data.data() + from, size, scratch);
      *result = Slice(scratch, size);
      return IOStatus::OK();
    }
    IOStatus InvalidateCache(std::size_t, std::size_t) override { return IOStatus::OK(); }
    bool use_direct_io() const override { return false; }
    std::size_t GetRequiredBufferAlignment() const override {
      return FSSequentialFile::GetRequiredBufferAlignment();
    }

   private:
    Files& files_;
    std::shared_ptr<Inode> inode_;
    std::uint64_t at_ = 0;
  };

  class Folder : public rocksdb::FSDirectory {
   public:
    Folder(Files& files, std::string path) : files_(files), path_(std::move(path)) {}
    IOStatus Fsync(const IOOptions&, IODebugContext*) override { return files_.sync_folder(path_); }
    IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

   private:
    Files& files_;
    std::string path_;
  };

  std::shared_ptr<Inode> find(const std::string& path) {
    const auto it = live.files.find(clean(path));
    return it == live.files.end() ? nullptr : it->second;
  }
  template <class File>
  IOStatus open(const std::string& path, std::unique_ptr<File>* result) {
    const std::lock_guard lock(mutex);
    if (stopped) return off();
    auto inode = find(path);
    if (!inode) return IOStatus::PathNotFound(path);
    result->reset(new Readable(*this, std::move(inode)));
    return IOStatus::OK();
  }
  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext*) override {
    return open(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override {
    return open(path, result);
  }
  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext*) override {
    const std::lock_guard lock(mutex);
    const std::string path = clean(name);
    if (!live.folders.contains(folder_of(path))) return IOStatus::PathNotFound(path);
    if (full && !stopped) return no_room();
    auto inode = std::make_shared<Inode>();
    if (auto status = change({Change::Kind::kPut, path, {}, inode}); !status.ok()) return status;
    result->reset(new Writable(*this, std::move(inode)));
    return IOStatus::OK();
  }
  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override {
    const std::lock_guard lock(mutex);
    if (stopped) return off();
    auto inode = find(path);
    if (!inode) return NewWritableFile(path, options, result, debug);
    result->reset(new Writable(*this, std::move(inode)));
    return IOStatus::OK();
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
    const std::lock_guard lock(mutex);
    if (stopped) return off();
    const std::string path = clean(name);
    if (!live.folders.contains(path)) return IOStatus::PathNotFound(path);
    result->reset(new Folder(*this, path));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& name, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(mutex);
    const std::string path = clean(name);
    return live.files.contains(path) || live.folders.contains(path) ? IOStatus::OK()
                                                                    : IOStatus::NotFound(path);
  }
  IOStatus GetChildren(const std::string& name, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    const std::lock_guard lock(mutex);
    const std::string path = clean(name);
    result->clear();
    if (!live.folders.contains(path)) return IOStatus::NotFound(path);
    for (const auto& [file, inode] : live.files) {
      if (folder_of(file) == path) result->push_back(file.substr(file.rfind('/') + 1));
    }
    for (const auto& folder : live.folders) {
      if (folder != "/" && folder_of(folder) == path)
        result->push_back(folder.substr(folder.rfind('/') + 1));
    }
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(mutex);
    if (!find(path)) return IOStatus::PathNotFound(path);
    return change({Change::Kind::kRemove, clean(path)});
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& options,
                     IODebugContext* debug) override {
    if (FileExists(path, options, debug).ok()) return IOStatus::IOError("is there already", path);
    return change({Change::Kind::kMakeFolder, clean(path)});
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options,
                              IODebugContext* debug) override {
    return FileExists(path, options, debug).ok() ? IOStatus::OK() : CreateDir(path, options, debug);
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions& options,
                     IODebugContext* debug) override {
    std::vector<std::string> children;
    if (auto status = GetChildren(path, options, &children, debug); !status.ok()) return status;
    if (!children.empty()) return IOStatus::IOError("folder is not empty", path);
    return change({Change::Kind::kRemoveFolder, clean(path)});
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size,
                       IODebugContext*) override {
    const std::lock_guard lock(mutex);
    const auto inode = find(path);
    if (!inode) return IOStatus::PathNotFound(path);
    *size = inode->data.size();
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, std::uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (!FileExists(from, options, debug).ok()) return IOStatus::PathNotFound(from);
    return change({Change::Kind::kRename, clean(from), clean(to)});
  }
  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** result,
                    IODebugContext*) override {
    const std::lock_guard lock(mutex);
    if (stopped) return off();
    if (!locks.insert(path).second) return IOStatus::IOError("lock is held", path);
    *result = new Lock(path);
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    const std::lock_guard guard(mutex);
    locks.erase(static_cast<Lock*>(lock)->path);
    delete static_cast<Lock*>(lock);
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* out,
                           IODebugContext*) override {
    *out = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is,
                       IODebugContext*) override {
    const std::lock_guard lock(mutex);
    *is = live.folders.contains(clean(path));
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<NoLog>();
    return IOStatus::OK();
  }

  void take_up() {
    stopped = false;
    stop_at = 0;
    refuse_at = 0;
    locks.clear();
  }
};

class SimulatedDisk::Environment : public rocksdb::EnvWrapper {
 public:
  explicit Environment(const std::shared_ptr<Files>& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)), clock(std::make_shared<Clock>()) {
    system_clock_ = clock;
  }
  const char* Name() const override { return "simulated"; }
  void Schedule(void (*work)(void*), void* argument, Priority, void* tag,
                void (*undo)(void*)) override {
    const std::lock_guard lock(mutex);
    jobs.push_back({work, argument, tag, undo});
  }
  int UnSchedule(void* tag, Priority) override {
    const std::lock_guard lock(mutex);
    int count = 0;
    for (auto it = jobs.begin(); it != jobs.end();) {
      if (it->tag != tag) {
        ++it;
        continue;
      }
      if (it->undo != nullptr) it->undo(it->argument);
      it = jobs.erase(it);
      ++count;
    }
    return count;
  }
  std::uint64_t NowMicros() override { return clock->NowMicros(); }
  std::uint64_t NowNanos() override { return clock->NowNanos(); }
  void SleepForMicroseconds(int) override {}
  rocksdb::Status GetCurrentTime(std::int64_t* seconds) override {
    return clock->GetCurrentTime(seconds);
  }
  rocksdb::Status NewLogger(const std::string&, std::shared_ptr<rocksdb::Logger>* result) override {
    *result = std::make_shared<NoLog>();
    return rocksdb::Status::OK();
  }

  struct Job {
    void (*work)(void*);
    void* argument;
    void* tag;
    void (*undo)(void*);
  };
  std::shared_ptr<Clock> clock;
  std::mutex mutex;
  std::deque<Job> jobs;
};

SimulatedDisk::SimulatedDisk()
    : files_(std::make_shared<Files>()), env_(std::make_unique<Environment>(files_)) {}
SimulatedDisk::~SimulatedDisk() = default;

rocksdb::Env* SimulatedDisk::env() { return env_.get(); }
void SimulatedDisk::set_micros(std::uint64_t now) { env_->clock->micros = now; }
std::uint64_t SimulatedDisk::operations() const { return files_->operations; }
void SimulatedDisk::stop_at(std::uint64_t operation) { files_->stop_at = operation; }
bool SimulatedDisk::stopped() const { return files_->stopped; }
void SimulatedDisk::stop() { files_->stopped = true; }
void SimulatedDisk::refuse_at(std::uint64_t operation) { files_->refuse_at = operation; }
void SimulatedDisk::set_full(bool full) { files_->full = full; }
bool SimulatedDisk::full() const { return files_->full; }
void SimulatedDisk::set_lying(bool lying) { files_->lying = lying; }
const SimulatedDisk::Counts& SimulatedDisk::counts() const { return files_->counts; }

void SimulatedDisk::run_background() {
  while (true) {
    Environment::Job job{};
    {
      const std::lock_guard lock(env_->mutex);
      if (env_->jobs.empty()) return;
      job = env_->jobs.front();
      env_->jobs.pop_front();
    }
    job.work(job.argument);
  }
}

void SimulatedDisk::run_beside_background(const std::function<void()>& call) {
  std::atomic<bool> done{false};
  std::thread background([&] {
    while (!done) {
      run_background();
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  call();
  done = true;
  background.join();
  run_background();
}

void SimulatedDisk::take_up_after_kill() { files_->take_up(); }

void SimulatedDisk::take_up_after_power_cut(Random& random) {
  Files& f = *files_;
  const std::size_t kept = random.below(f.pending.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) apply(f.durable, f.pending[i]);
  f.counts.lost_names += f.pending.size() - kept;
  f.pending.clear();
  f.live = f.durable;
  for (auto& [path, inode] : f.live.files) {
    const std::size_t tail = inode->data.size() - inode->synced;
    if (tail == 0) continue;
    const std::size_t left = random.chance(40) ? tail : random.below(tail + 1);
    f.counts.lost_bytes += tail - left;
    inode->data.resize(inode->synced + left);
    if (left > 0 && path.ends_with(".log") && random.chance(30)) {
      const std::size_t garbage = std::min(left, 1 + random.below(kSector));
      for (std::size_t i = inode->data.size() - garbage; i < inode->data.size(); ++i)
        inode->data[i] = random.chance(50) ? '\0' : static_cast<char>(random.below(256));
      ++f.counts.torn_files;
    } else if (left < tail) {
      ++f.counts.torn_files;
    }
    inode->synced = inode->data.size();
  }
  f.take_up();
}

class SimulatedDisk::Image {
 public:
  explicit Image(const Names& names) : names_(copy(names)) {}
  Names names() const { return copy(names_); }

 private:
  static Names copy(const Names& from) {
    Names to = from;
    for (auto& [path, inode] : to.files) inode = std::make_shared<Inode>(*inode);
    return to;
  }
  Names names_;
};

std::shared_ptr<const SimulatedDisk::Image> SimulatedDisk::image() const {
  return std::make_shared<Image>(files_->live);
}

void SimulatedDisk::put_back(const Image& image) {
  files_->live = image.names();
  files_->durable = files_->live;
  files_->pending.clear();
  files_->take_up();
}

void SimulatedDisk::damage(Random& random) {
  std::vector<std::string> paths;
  for (const auto& [path, inode] : files_->live.files) {
    if (!inode->data.empty()) paths.push_back(path);
  }
  if (paths.empty()) return;
  // Often the newest log, which contains the last answered writes.
  const auto newest_log = std::find_if(paths.rbegin(), paths.rend(),
                                       [](const std::string& p) { return p.ends_with(".log"); });
  const std::string& path =
      newest_log != paths.rend() && random.chance(50) ? *newest_log : random.pick(paths);
  std::string& data = files_->live.files.at(path)->data;
  const std::size_t at = random.below(data.size());
  switch (random.below(3)) {
    case 0:
      data[at] = static_cast<char>(data[at] ^ (1 << random.below(8)));
      break;
    case 1:
      data.resize(at);
      break;
    default:
      files_->live.files.erase(path);
  }
}

}  // namespace qiao::swarm
