#include "tools/qiao/local.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "engine/match/ranking.h"
#include "server/store/store.h"
#include "tools/qiao/session.h"

namespace qiao {

int verify_folder(const std::string& folder, bool chinese) {
  // Opened for writing although nothing is written: the lock shows that no server is using it meanwhile.
  auto store = Store::open(folder, Store::Mode::kExisting);
  if (!store) {
    std::cerr << "qiao: " << store.error().message << "\n";
    return kRefused;
  }
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto findings = verify(*store.value(), make_ranking, [&](Seq done, Seq of) {
    if (terminal) std::cerr << "\r" << done << " / " << of << (done == of ? "\n" : "") << std::flush;
  });
  if (!findings) {
    std::cerr << "qiao: " << findings.error().message << "\n";
    return kRefused;
  }
  for (const auto& f : findings.value()) std::cout << f << "\n";
  if (!findings.value().empty()) return kDifferences;
  std::cout << store.value()->last_seq() << (chinese ? " 个事件，与数据一致，所有约束成立" : " events; rows and journal agree, every invariant holds") << "\n";
  return kDone;
}

int restore_folder(const std::string& backup, const std::string& folder, bool chinese) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(folder, error)) {
    std::cerr << "qiao: " << folder << (chinese ? " 已存在；请给一个新文件夹" : " is there already; give a new folder") << "\n";
    return kRefused;
  }
  {
    auto store = Store::open(backup, Store::Mode::kReadOnly);
    if (!store) {
      std::cerr << "qiao: " << store.error().message << "\n";
      return kRefused;
    }
  }
  // A half-made copy never has the final name.
  const std::string part = folder + ".part";
  fs::remove_all(part, error);
  fs::create_directories(fs::absolute(fs::path(folder)).parent_path(), error);
  fs::copy(backup, part, fs::copy_options::recursive, error);
  if (!error) fs::rename(part, folder, error);
  if (error) {
    std::cerr << "qiao: " << folder << ": " << error.message() << "\n";
    return kRefused;
  }
  return verify_folder(folder, chinese);
}

}  // namespace qiao
