#include "server/store/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/base/refusal.h"

namespace qiao {
namespace {

constexpr std::string_view kWord = "qiao-key-1 ";
constexpr std::size_t kMostBytes = 64 << 10;
constexpr std::string_view kHead =
    "# Qiao's master key. Whoever has this file and the database can read residents' personal "
    "data; without it nobody can.\n"
    "# Keep a copy in a safe place, apart from the database and its backups.\n";

MasterKey key_of(const KeyBytes& bytes) {
  MasterKey key{0, bytes};
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  std::memcpy(&key.id, hash.data(), sizeof key.id);
  return key;
}

MasterKey fresh_key() {
  KeyBytes bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return key_of(bytes);
}

}  // namespace

const MasterKey* KeyFile::find(std::uint64_t id) const {
  const auto at =
      std::find_if(keys_.begin(), keys_.end(), [&](const MasterKey& k) { return k.id == id; });
  return at == keys_.end() ? nullptr : &*at;
}

StoreResult<KeyFile> KeyFile::load(const std::string& path) {
  if (sodium_init() < 0) return StoreError{"libsodium cannot be used on this machine"};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return StoreError{"cannot open the key file " + path + ": " + std::strerror(errno)};
  struct stat info {};
  std::string text;
  bool good = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  if (good) {
    text.resize(kMostBytes);
    const ssize_t n = read(fd, text.data(), text.size());
    good = n >= 0;
    text.resize(good ? static_cast<std::size_t>(n) : 0);
  }
  ::close(fd);
  if (!good) return StoreError{"cannot read the key file " + path};
  if ((info.st_mode & 077) != 0)
    return StoreError{"others can read the key file " + path + "; run: chmod 600 " + path};
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return StoreError{"the key file " + path + " belongs to another user; run: chown " +
                      std::to_string(geteuid()) + " " + path};
  KeyFile file;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find('\n', from), text.size());
    const std::string_view line = std::string_view(text).substr(from, to - from);
    from = to + 1;
    if (line.empty() || line.front() == '#') continue;
    KeyBytes bytes{};
    std::size_t size = 0;
    const std::string_view encoded =
        line.starts_with(kWord) ? line.substr(kWord.size()) : std::string_view();
    if (sodium_base642bin(bytes.data(), bytes.size(), encoded.data(), encoded.size(), "\r ", &size,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size != bytes.size()) {
      return StoreError{path + " is not a key file of Qiao"};
    }
    file.keys_.push_back(key_of(bytes));
  }
  sodium_memzero(text.data(), text.size());
  if (file.keys_.empty()) return StoreError{path + " holds no key"};
  return file;
}

StoreResult<void> KeyFile::write(const std::string& path, const std::vector<MasterKey>& keys,
                                 bool fresh) {
  std::string text(kHead);
  for (const MasterKey& key : keys) {
    std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)> encoded{};
    sodium_bin2base64(encoded.data(), encoded.size(), key.bytes.data(), key.bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.append(kWord).append(encoded.data()).append("\n");
  }
  const auto failed = [&] {
    return StoreError{"cannot write the key file " + path + ": " + std::strerror(errno)};
  };
  // Atomically: a half-written key file would lose the data.
  const std::string part = path + ".new";
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  const bool written =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  ::close(fd);
  if (!written) return failed();
  if (fresh) {
    // Never overwrites an existing file.
    if (link(part.c_str(), path.c_str()) != 0) return failed();
    unlink(part.c_str());
  } else if (rename(part.c_str(), path.c_str()) != 0) {
    return failed();
  }
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  if (const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); at >= 0) {
    fsync(at);
    ::close(at);
  }
  return boost::outcome_v2::success();
}

StoreResult<KeyFile> KeyFile::create(const std::string& path) {
  if (sodium_init() < 0) return StoreError{"libsodium cannot be used on this machine"};
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), ignored);
  KeyFile file;
  file.keys_.push_back(fresh_key());
  QIAO_TRY(write(path, file.keys_, true));
  return file;
}

StoreResult<KeyFile> KeyFile::rotate(const std::string& path) {
  QIAO_TRY(auto file, load(path));
  file.keys_.insert(file.keys_.begin(), fresh_key());
  QIAO_TRY(write(path, file.keys_, false));
  return file;
}

StoreResult<KeyFile> KeyFile::prune(const std::string& path,
                                    const std::vector<std::uint64_t>& in_use) {
  QIAO_TRY(auto file, load(path));
  const auto dropped = [&](std::uint64_t id) { return id != file.current().id; };
  if (std::any_of(in_use.begin(), in_use.end(), dropped)) {
    return StoreError{
        .message =
            "the database is still sealed with an older master key in " + path +
            "; start qiaod once with this key file, so that it seals with the new key, then prune",
        .zh = "数据库仍由" + path + "中较旧的主密钥加密；请先用此密钥文件启动一次qiaod，" +
              "使其改用新密钥加密，再清理旧密钥"};
  }
  file.keys_.resize(1, file.keys_.front());
  QIAO_TRY(write(path, file.keys_, false));
  return file;
}

}  // namespace qiao
