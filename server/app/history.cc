#include "server/app/history.h"

#include <sodium.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "proto/json/json.h"
#include "server/runtime/log.h"

namespace qiao {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A write of this many bytes is worth its sync: larger ones are no faster.
constexpr std::size_t kGroupBytes = 4 << 20;
// Bytes that the database keeps in memory before they are written to files.
constexpr std::size_t kFlushBytes = 32 << 20;
constexpr auto kReportEvery = std::chrono::seconds{5};

// Lines of a file, and a hash of those that have been read.
class Lines {
 public:
  explicit Lines(const std::string& file) : file_(file), in_(file) {
    crypto_generichash_init(&state_, nullptr, 0, sizeof(ChainHash));
  }

  bool good() const { return in_.good(); }
  bool next(std::string& line) {
    if (!std::getline(in_, line)) return false;
    line += '\n';
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(line.data()),
                              line.size());
    bytes_ += line.size();
    line.pop_back();
    ++count_;
    return true;
  }

  const std::string& file() const { return file_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }
  std::string where() const { return file_ + ":" + std::to_string(count_); }
  LoadMark mark() const {
    LoadMark mark{.lines = count_, .file = file_};
    auto state = state_;
    crypto_generichash_final(&state, mark.digest.data(), mark.digest.size());
    return mark;
  }

 private:
  std::string file_;
  std::ifstream in_;
  crypto_generichash_state state_{};
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

// Reports the progress of the load to the operator: after the first group, then every few seconds.
class Progress {
 public:
  explicit Progress(const Lines& lines) : lines_(lines), first_(lines.count()) {
    std::error_code error;
    const auto size = std::filesystem::file_size(lines.file(), error);
    if (!error) size_ = size;
  }

  void report_when_due() {
    const auto now = SteadyClock::now();
    if (now < due_) return;
    due_ = now + kReportEvery;
    const std::uint64_t percent = size_ == 0 ? 0 : lines_.bytes() * 100 / size_;
    log_info(
        "loading",
        {{"lines", lines_.count()}, {"lines_per_second", rate()}, {"percent_of_file", percent}});
  }
  void report_end(Seq events) const {
    log_info("history loaded",
             {{"lines", lines_.count()}, {"lines_per_second", rate()}, {"events", events}});
  }

 private:
  std::uint64_t rate() const {
    const auto passed = SteadyClock::now() - begin_;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
    return (lines_.count() - first_) * 1000 / std::max<std::uint64_t>(1, milliseconds);
  }

  const Lines& lines_;
  const std::uint64_t first_;
  std::uint64_t size_ = 0;
  const SteadyClock::time_point begin_ = SteadyClock::now();
  SteadyClock::time_point due_ = begin_;
};

// Skips to the mark. The error: it is another file.
StoreResult<void> skip_loaded(Lines& lines, const LoadMark& mark) {
  std::string line;
  while (lines.count() < mark.lines && lines.next(line)) {
  }
  if (lines.count() == mark.lines && lines.mark().digest == mark.digest) return outcome::success();
  const std::string count = std::to_string(mark.lines);
  return StoreError{
      .message =
          "the first " + count + " lines of " + lines.file() +
          " are not those that were loaded from " + mark.file +
          " before it was interrupted; use that file, or delete the database and start again",
      .zh = lines.file() + "的前" + count + "行与中断前从" + mark.file +
            "导入的内容不同；请使用原来的文件，或删除数据库后重新开始"};
}

StoreResult<void> apply_line(Runtime& runtime, std::string_view line, pb::HistoryLine& history,
                             const Lines& lines) {
  history.Clear();
  if (auto read = from_json(line, history); !read) return unusable(lines.where(), read.error());
  auto applied = runtime.apply_at(history.command(), to_time(history.time()));
  if (!applied) return unusable(lines.where(), applied.error());
  return outcome::success();
}

StoreResult<void> apply_all(Runtime& runtime, Lines& lines, Progress& progress) {
  std::string line;
  pb::HistoryLine history;
  std::size_t in_memory = 0;
  while (lines.next(line)) {
    if (line.empty()) continue;
    QIAO_TRY(apply_line(runtime, line, history, lines));
    const std::size_t pending = runtime.pending_bytes();
    if (pending < kGroupBytes) continue;
    QIAO_TRY(runtime.commit_load(lines.mark()));
    in_memory += pending;
    if (in_memory >= kFlushBytes) {
      QIAO_TRY(runtime.flush());
      in_memory = 0;
    }
    progress.report_when_due();
  }
  return outcome::success();
}

}  // namespace

StoreError unusable(const std::string& where, const Refusal& r) {
  const std::string field = r.field.empty() ? "" : r.field + ": ";
  return {where + ": " + field + r.en() + " / " + r.zh()};
}

StoreResult<void> load_history(Runtime& runtime, const std::string& file) {
  Lines lines(file);
  if (!lines.good()) return StoreError{"cannot read " + file};
  QIAO_TRY(const auto cut_off, runtime.store().load_mark());
  if (cut_off) {
    QIAO_TRY(skip_loaded(lines, *cut_off));
  } else {
    // From here on the database records that the history is incomplete, whenever the process ends.
    QIAO_TRY(runtime.commit_load(lines.mark()));
  }
  log_info(cut_off ? "continuing an interrupted load" : "filling the empty database",
           {{"from", file}, {"lines_before", lines.count()}});
  Progress progress(lines);
  QIAO_TRY(apply_all(runtime, lines, progress));
  QIAO_TRY(runtime.commit_load(std::nullopt));
  QIAO_TRY(runtime.flush());
  progress.report_end(runtime.applied_seq());
  return outcome::success();
}

}  // namespace qiao
