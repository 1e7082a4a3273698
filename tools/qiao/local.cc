#include "tools/qiao/local.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <iostream>

#include "engine/base/hex.h"
#include "engine/match/ranking.h"
#include "server/store/folder_lock.h"
#include "server/store/store.h"
#include "tools/qiao/session.h"

namespace qiao {
namespace {

const std::string& words(const StoreError& error, bool chinese) {
  return chinese && !error.zh.empty() ? error.zh : error.message;
}

int fail(const StoreError& error, bool chinese) {
  std::cerr << "qiao: " << words(error, chinese) << "\n";
  return error.damaged ? kDifferences : kRefused;
}

// Whether the journal up to there is what it was when `expect` was written down; otherwise an error
// text.
std::string compare_with(const Expected& expect, const Store& store, bool chinese) {
  if (store.hash_of(expect.seq) == expect.hash) return {};
  const std::string seq = std::to_string(expect.seq);
  if (chinese)
    return "日志：第" + seq + "个或更早的事件与记下 " + seq + ":" + to_hex(expect.hash) + " 时不同";
  return "journal: event " + seq + " or one before it is not what it was when " + seq + ":" +
         to_hex(expect.hash) + " was written down";
}

StoreResult<std::vector<std::string>> find_differences(Store& store,
                                                       const std::optional<Expected>& expect,
                                                       bool chinese) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  QIAO_TRY(auto found, verify(store, make_ranking, [&](Seq done, Seq of) {
             if (!terminal) return;
             std::cerr << "\r" << done << " / " << of << (done == of ? "\n" : "") << std::flush;
           }));
  // Printed in the user's language below.
  if (store.lost_mark()) std::erase(found, store.missing());
  if (expect) {
    if (auto differs = compare_with(*expect, store, chinese); !differs.empty())
      found.push_back(differs);
  }
  QIAO_TRY(const auto cut_off, store.load_mark());
  if (cut_off) found.push_back(words(load_was_cut_off(*cut_off), chinese));
  return found;
}

}  // namespace

std::optional<Expected> read_expected(std::string_view text) {
  Expected expected;
  const char* end = text.data() + text.size();
  const auto [colon, error] = std::from_chars(text.data(), end, expected.seq);
  if (error != std::errc{} || colon == end || *colon != ':') return std::nullopt;
  const auto hash = from_hex({colon + 1, end});
  if (!hash) return std::nullopt;
  expected.hash = *hash;
  return expected;
}

int verify_folder(const std::string& folder, const std::string& key,
                  const std::optional<Expected>& expect, bool chinese) {
  const auto lock = FolderLock::shared(folder);
  if (!lock) return fail(lock.error(), chinese);
  const auto store = Store::open(folder, Store::Mode::kReadOnly, key);
  if (!store) return fail(store.error(), chinese);
  const auto found = find_differences(*store.value(), expect, chinese);
  if (!found) return fail(found.error(), chinese);
  for (const auto& f : found.value()) std::cout << f << "\n";
  const auto& lost_mark = store.value()->lost_mark();
  if (lost_mark) std::cout << words(*lost_mark, chinese) << "\n";
  if (!found.value().empty()) return kDifferences;
  if (lost_mark) return kLostMark;
  std::cout << store.value()->last_seq()
            << (chinese ? " 个事件，与数据一致，所有约束成立"
                        : " events; rows and journal agree, every invariant holds")
            << "\n";
  return kDone;
}

int restore_folder(const std::string& backup, const std::string& folder, const std::string& key,
                   bool chinese) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(folder, error)) {
    std::cerr << "qiao: " << folder
              << (chinese ? " 已存在；请给一个新文件夹" : " exists already; give a new folder")
              << "\n";
    return kRefused;
  }
  const auto lock = FolderLock::shared(backup);
  if (!lock) return fail(lock.error(), chinese);
  {
    auto store = Store::open(backup, Store::Mode::kReadOnly, key);
    if (!store) return fail(store.error(), chinese);
  }
  // A copy that is incomplete or does not verify never gets the final name.
  const std::string part = folder + ".part";
  const std::string own_key = folder + ".key";
  fs::remove_all(part, error);
  fs::create_directories(fs::absolute(fs::path(folder)).parent_path(), error);
  fs::copy(backup, part, fs::copy_options::recursive, error);
  const std::string from = key.empty() ? backup + ".key" : key;
  std::error_code ignored;
  const bool key_copied = !error && !fs::exists(own_key, ignored) && fs::exists(from, ignored);
  if (key_copied) fs::copy_file(from, own_key, error);
  int code = error ? kRefused : verify_folder(part, own_key, {}, chinese);
  if (code == kDone) fs::rename(part, folder, error);
  if (error) {
    std::cerr << "qiao: " << folder << ": " << error.message() << "\n";
    code = kRefused;
  }
  if (code == kDone) return code;
  fs::remove_all(part, ignored);
  if (key_copied) fs::remove(own_key, ignored);
  std::cerr << "qiao: "
            << (chinese ? "没有建立" + folder + "：备份无法恢复"
                        : folder + " was not created: the backup cannot be restored")
            << "\n";
  return code;
}

int rotate_key(const std::string& file, bool chinese) {
  const auto changed = KeyFile::rotate(file);
  if (!changed) return fail(changed.error(), chinese);
  std::cout << (chinese ? "已新增主密钥；请重启服务器，之后运行 qiao key prune\n"
                        : "a new master key was added: restart the server, then run "
                          "qiao key prune\n");
  return kDone;
}

int prune_keys(const std::string& file, const std::string& folder, bool chinese) {
  constexpr std::string_view kEnding = ".key";
  if (folder.empty() && !file.ends_with(kEnding)) {
    std::cerr << "qiao: --data: "
              << (chinese ? "密钥文件名不是 文件夹.key；请用 --data 给出数据库文件夹"
                          : "the key file is not named FOLDER.key; give the database's folder "
                            "with --data")
              << "\n";
    return kUsage;
  }
  const std::string data = folder.empty() ? file.substr(0, file.size() - kEnding.size()) : folder;
  const auto in_use = Store::keys_in_use(data, file);
  if (!in_use) return fail(in_use.error(), chinese);
  if (const auto pruned = KeyFile::prune(file, in_use.value()); !pruned) {
    return fail(pruned.error(), chinese);
  }
  std::cout << (chinese ? "旧主密钥已删除；此前的备份仍需要旧密钥文件才能恢复\n"
                        : "old master keys were deleted; older backups still need the old "
                          "key file\n");
  return kDone;
}

}  // namespace qiao
