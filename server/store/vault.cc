#include "server/store/vault.h"

#include <rocksdb/db.h>
#include <sodium.h>

#include <algorithm>
#include <bitset>
#include <cstring>

#include "engine/rows/kinds.h"
#include "engine/rows/marked.h"
#include "server/store/numbers.h"
#include "server/store/scan.h"
#include "server/store/status.h"

namespace qiao {
namespace {

// No text typed by a person begins like this; protobuf strings must be UTF-8, which this is.
constexpr std::string_view kMark = "\x01q1:";
constexpr std::string_view kChainName = "chain";
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t kRewrapAtOnce = 10'000;

const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

std::string encrypt(const KeyBytes& key, std::string_view about, std::string_view plain) {
  std::string out(kNonce + plain.size() + kTag, '\0');
  randombytes_buf(out.data(), kNonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(out) + kNonce, nullptr, bytes(plain),
                                             plain.size(), bytes(about), about.size(), nullptr,
                                             bytes(out), key.data());
  return out;
}

std::optional<std::string> decrypt(const KeyBytes& key, std::string_view about,
                                   std::string_view sealed) {
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  std::string plain(sealed.size() - kNonce - kTag, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          bytes(plain), nullptr, nullptr, bytes(sealed) + kNonce, sealed.size() - kNonce,
          bytes(about), about.size(), bytes(sealed), key.data()) != 0) {
    return std::nullopt;
  }
  return plain;
}

// Which key of the row it was: a row that was erased and filled again has another.
std::string id_of(const KeyBytes& key) {
  std::string hash(crypto_generichash_BYTES_MIN, '\0');
  crypto_generichash(bytes(hash), hash.size(), key.data(), key.size(), nullptr, 0);
  hash.resize(8);
  return hash;
}

std::string name_of(pb::Event::RowCase kind, std::uint64_t id) {
  return std::string(1, static_cast<char>(kind)) + big_endian(id);
}
std::uint64_t slot_of(pb::Event::RowCase kind, std::uint64_t id) {
  return static_cast<std::uint64_t>(kind) << 56 | id;
}

}  // namespace

bool Vault::covers(pb::Event::RowCase kind) {
  static const std::bitset<kRowCaseLimit> sealed = [] {
    std::bitset<kRowCaseLimit> found;
    for_each_keyed([&](auto k) {
      const auto& fields = marked_fields(*decltype(k)::Message::descriptor());
      found[k.kCase] = std::any_of(fields.begin(), fields.end(),
                                   [](const MarkedField& field) { return !field.secret; });
    });
    return found;
  }();
  return static_cast<std::size_t>(kind) < sealed.size() && sealed[static_cast<std::size_t>(kind)];
}

bool Vault::is_sealed(std::string_view b) {
  // By the second byte of the mark: the first is in nearly every row.
  for (std::size_t at = b.find(kMark[1], 1); at != std::string_view::npos;
       at = b.find(kMark[1], at + 1)) {
    if (b.substr(at - 1).starts_with(kMark)) return true;
  }
  return false;
}

std::string Vault::wrap(std::string_view name, const KeyBytes& key) const {
  std::string out(8, '\0');
  std::memcpy(out.data(), &keys_.current().id, 8);
  return out + encrypt(keys_.current().bytes, name,
                       {reinterpret_cast<const char*>(key.data()), key.size()});
}

StoreResult<KeyBytes> Vault::unwrap(std::string_view name, std::string_view wrapped) const {
  std::uint64_t id = 0;
  if (wrapped.size() > 8) std::memcpy(&id, wrapped.data(), 8);
  const MasterKey* master = keys_.find(id);
  if (master == nullptr)
    return StoreError{
        "the key file is not the one that this database was sealed with; name the right one with "
        "--key"};
  const auto plain = decrypt(master->bytes, name, wrapped.substr(8));
  KeyBytes key{};
  if (!plain || plain->size() != key.size())
    return StoreError{"a key in the database was changed; restore the last backup", true};
  std::memcpy(key.data(), plain->data(), key.size());
  return key;
}

StoreResult<std::unique_ptr<Vault>> Vault::open(rocksdb::DB& db,
                                                rocksdb::ColumnFamilyHandle* family, KeyFile keys,
                                                bool read_only) {
  std::unique_ptr<Vault> vault(new Vault(family, std::move(keys)));
  rocksdb::WriteBatch batch;
  rocksdb::WriteOptions sync;
  sync.sync = true;
  bool rewrapped = false;
  const auto write = [&]() -> StoreResult<void> {
    const auto status = db.Write(sync, &batch);
    batch.Clear();
    if (!status.ok()) return StoreError{"cannot write to the database: " + status.ToString()};
    return boost::outcome_v2::success();
  };
  bool chained = false;
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(scan_options(), family));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string_view name = {it->key().data(), it->key().size()};
    const std::string_view wrapped = {it->value().data(), it->value().size()};
    QIAO_TRY(const auto key, vault->unwrap(name, wrapped));
    if (name == kChainName) {
      vault->chain_key_ = key;
      chained = true;
    } else if (name.size() == 9) {
      vault->row_keys_[slot_of(static_cast<pb::Event::RowCase>(name[0]),
                               from_big_endian(name.substr(1)))] = key;
    }
    std::uint64_t by = 0;
    std::memcpy(&by, wrapped.data(), 8);
    auto& in_use = vault->keys_in_use_;
    if (std::find(in_use.begin(), in_use.end(), by) == in_use.end()) in_use.push_back(by);
    if (read_only || by == vault->keys_.current().id) continue;
    batch.Put(family, it->key(), vault->wrap(name, key));
    rewrapped = true;
    if (static_cast<std::size_t>(batch.Count()) >= kRewrapAtOnce) {
      QIAO_TRY(write());
    }
  }
  if (!it->status().ok()) return error("cannot read the keys in the database", it->status());
  if (!chained && !read_only) {
    randombytes_buf(vault->chain_key_.data(), vault->chain_key_.size());
    batch.Put(family, rocksdb::Slice(kChainName.data(), kChainName.size()),
              vault->wrap(kChainName, vault->chain_key_));
  }
  if (batch.Count() > 0) {
    QIAO_TRY(write());
  }
  // Data that the old master key sealed must leave the disk too.
  vault->forgotten_ = rewrapped;
  return vault;
}

void Vault::seal(pb::Event::RowCase kind, std::uint64_t id, google::protobuf::Message& row,
                 rocksdb::WriteBatch& batch) {
  if (!has_marked(row)) return;
  const std::string name = name_of(kind, id);
  KeyBytes key{};
  {
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] = row_keys_.try_emplace(slot_of(kind, id));
    if (fresh) {
      randombytes_buf(at->second.data(), at->second.size());
      batch.Put(family_, name, wrap(name, at->second));
    }
    key = at->second;
  }
  const std::string key_id = id_of(key);
  visit_marked(
      row, [&](const MarkedField& field, const std::string& value) -> std::optional<std::string> {
        if (value.starts_with(kMark)) return std::nullopt;
        const std::string sealed = key_id + encrypt(key, name + field.name, value);
        std::string text(sodium_base64_encoded_len(sealed.size(), kBase64), '\0');
        sodium_bin2base64(text.data(), text.size(), bytes(std::string_view(sealed)), sealed.size(),
                          kBase64);
        text.pop_back();  // its end mark
        return std::string(kMark) + text;
      });
}

bool Vault::unseal(pb::Event::RowCase kind, std::uint64_t id,
                   google::protobuf::Message& row) const {
  std::optional<KeyBytes> key;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = row_keys_.find(slot_of(kind, id)); at != row_keys_.end()) key = at->second;
  }
  const std::string name = name_of(kind, id);
  const std::string key_id = key ? id_of(*key) : std::string();
  bool good = true;
  visit_marked(
      row, [&](const MarkedField& field, const std::string& value) -> std::optional<std::string> {
        if (!value.starts_with(kMark)) return std::nullopt;
        const std::string_view text = std::string_view(value).substr(kMark.size());
        std::string sealed(text.size(), '\0');
        std::size_t size = 0;
        if (sodium_base642bin(bytes(sealed), sealed.size(), text.data(), text.size(), nullptr,
                              &size, nullptr, kBase64) != 0 ||
            size < 8) {
          good = false;
          return std::string();
        }
        sealed.resize(size);
        // Sealed with a key that was deleted: erased.
        if (!key || std::string_view(sealed).substr(0, 8) != key_id) return std::string();
        auto plain = decrypt(*key, name + field.name, std::string_view(sealed).substr(8));
        if (!plain) good = false;
        return plain.value_or(std::string());
      });
  return good;
}

void Vault::forget(pb::Event::RowCase kind, std::uint64_t id, rocksdb::WriteBatch& batch) {
  const std::lock_guard lock(mutex_);
  const auto at = row_keys_.find(slot_of(kind, id));
  if (at == row_keys_.end()) return;
  sodium_memzero(at->second.data(), at->second.size());
  row_keys_.erase(at);
  batch.Delete(family_, name_of(kind, id));
  forgotten_ = true;
}

bool Vault::take_forgotten() {
  const std::lock_guard lock(mutex_);
  return std::exchange(forgotten_, false);
}

}  // namespace qiao
