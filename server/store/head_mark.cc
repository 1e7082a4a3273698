#include "server/store/head_mark.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>

#include "engine/base/refusal.h"
#include "server/store/numbers.h"
#include "server/store/status.h"

namespace qiao {
namespace {

constexpr const char* kName = "/HEAD";
constexpr std::size_t kChecksum = 16;
constexpr std::size_t kBody = 8 + sizeof(ChainHash) + 3 * 8;
// Older marks ended with the epoch, those before them with the hash.
constexpr std::array<std::size_t, 3> kBodies = {kBody, kBody - 2 * 8, kBody - 3 * 8};
// The file is rewritten when it has this many records: about a mebibyte.
constexpr std::size_t kMostRecords = 20'000;

const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

std::string checksum(std::string_view body) {
  std::string sum(kChecksum, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(sum.data()), sum.size(), bytes(body),
                     body.size(), nullptr, 0);
  return sum;
}

std::string record_of(const Head& head) {
  std::string body = big_endian(head.seq);
  body.append(reinterpret_cast<const char*>(head.hash.data()), head.hash.size());
  for (const std::uint64_t number : {head.epoch, head.write, head.place}) {
    body += big_endian(number);
  }
  return body + checksum(body);
}

std::optional<Head> parse(std::string_view body) {
  Head head{.seq = from_big_endian(body)};
  std::copy_n(body.begin() + 8, head.hash.size(), reinterpret_cast<char*>(head.hash.data()));
  body.remove_prefix(8 + head.hash.size());
  for (std::uint64_t* number : {&head.epoch, &head.write, &head.place}) {
    if (body.empty()) break;
    *number = from_big_endian(body);
    body.remove_prefix(8);
  }
  return head;
}

// The last valid record. The end may be torn; a damaged record in the middle does not hide the
// others.
std::optional<Head> last_record(std::string_view content, std::size_t body_size) {
  std::optional<Head> last;
  while (content.size() >= body_size + kChecksum) {
    const std::string_view body = content.substr(0, body_size);
    if (checksum(body) == content.substr(body_size, kChecksum)) last = parse(body);
    content.remove_prefix(body_size + kChecksum);
  }
  return last;
}

StoreError failed(const std::string& path, const rocksdb::Status& status) {
  return StoreError{"cannot write " + path + ": " + status.ToString()};
}

}  // namespace

std::optional<ChainHash> from_hex(std::string_view text) {
  ChainHash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  const char* end = nullptr;
  sodium_hex2bin(hash.data(), hash.size(), text.data(), text.size(), nullptr, nullptr, &end);
  if (end != text.data() + text.size()) return std::nullopt;
  return hash;
}

std::uint64_t place_of(const std::string& folder) {
  // RocksDB writes this file once. Its creation time cannot be set.
  struct statx info {};
  const std::string file = folder + "/IDENTITY";
  if (::statx(AT_FDCWD, file.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0) return 0;
  return from_big_endian(checksum(big_endian(info.stx_ino) +
                                  big_endian(static_cast<std::uint64_t>(info.stx_btime.tv_sec)) +
                                  big_endian(info.stx_btime.tv_nsec)));
}

StoreResult<std::optional<Head>> HeadMark::read(rocksdb::Env& env, const std::string& folder) {
  std::string content;
  const auto status = rocksdb::ReadFileToString(&env, folder + kName, &content);
  if (status.IsNotFound() || status.IsPathNotFound()) return std::optional<Head>();
  if (!status.ok() && !is_damage(status)) return error("cannot read " + folder + kName, status);
  for (const std::size_t body : kBodies) {
    if (auto last = last_record(content, body)) return last;
  }
  return StoreError{
      "the mark of how far the journal was answered from, " + folder + kName + ", is damaged", true,
      "记录日志已答复到何处的标记" + folder + kName + "已损坏"};
}

HeadMark::HeadMark(rocksdb::Env& env, std::string folder) : env_(env), folder_(std::move(folder)) {}

HeadMark::~HeadMark() = default;

StoreResult<std::unique_ptr<HeadMark>> HeadMark::create(rocksdb::Env& env,
                                                        const std::string& folder,
                                                        const Head& head) {
  std::unique_ptr<HeadMark> mark(new HeadMark(env, folder));
  QIAO_TRY(mark->start_over(head));
  return mark;
}

StoreResult<void> HeadMark::append(const Head& head) {
  if (records_ >= kMostRecords) return start_over(head);
  const auto status = file_->Append(record_of(head));
  if (!status.ok()) return failed(folder_ + kName, status);
  ++records_;
  return boost::outcome_v2::success();
}

StoreResult<void> HeadMark::sync() {
  const auto status = file_->Sync();
  if (!status.ok()) return failed(folder_ + kName, status);
  return boost::outcome_v2::success();
}

// Written under another name and renamed when it is complete.
StoreResult<void> HeadMark::start_over(const Head& head) {
  const std::string path = folder_ + kName;
  const std::string fresh = path + ".new";
  auto status = env_.NewWritableFile(fresh, &file_, rocksdb::EnvOptions());
  if (status.ok()) status = file_->Append(record_of(head));
  if (status.ok()) status = file_->Sync();
  if (status.ok()) status = env_.RenameFile(fresh, path);
  std::unique_ptr<rocksdb::Directory> directory;
  if (status.ok()) status = env_.NewDirectory(folder_, &directory);
  if (status.ok()) status = directory->Fsync();
  if (!status.ok()) return failed(path, status);
  records_ = 1;
  return boost::outcome_v2::success();
}

StoreResult<MarkRead> read_mark(rocksdb::Env& env, const std::string& path) {
  auto read = HeadMark::read(env, path);
  if (read) return MarkRead{.head = read.value()};
  if (!read.error().damaged) return std::move(read).error();
  return MarkRead{.damage = std::move(read).error()};
}

StoreError mark_is_lost(const MarkRead& mark, const std::string& path) {
  StoreError lost{
      "the mark of how far the journal was answered from, " + path + "/HEAD, is missing", true,
      "记录日志已答复到何处的标记" + path + "/HEAD缺失"};
  if (mark.damage) lost = *mark.damage;
  lost.message +=
      ": what was answered may be missing from the journal. Put the file back or "
      "restore the last backup";
  lost.zh += "：已答复的内容可能已从日志中丢失。请放回该文件，或恢复最近的备份";
  return lost;
}

}  // namespace qiao
