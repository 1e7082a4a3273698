// Bytes of serialised resources, as stored in rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace qiao {

// One pointer wide. The bytes are an allocation of their own, or part of a batch, which is freed
// with the last blob in it. The blobs of one batch belong to one thread at a time.
class Blob {
 public:
  Blob() = default;
  explicit Blob(std::string_view bytes) : data_(new char[sizeof(Word) + bytes.size()]) {
    write(data_, static_cast<Word>(bytes.size()), bytes);
  }
  Blob(Blob&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Blob& operator=(Blob&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Blob() {
    if (data_ != nullptr) free(data_);
  }

  explicit operator bool() const { return data_ != nullptr; }
  // Valid until the blob is destroyed, also when it is moved.
  std::string_view view() const { return {data_ + sizeof(Word), read(data_) & ~kInBatch}; }

 private:
  friend class BlobBatch;
  using Word = std::uint32_t;
  static constexpr Word kInBatch = Word{1} << 31;

  static Word read(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
  static void write(char* at, Word word) { std::memcpy(at, &word, sizeof word); }
  static void write(char* at, Word word, std::string_view bytes) {
    write(at, word);
    // An empty view may have a null pointer, which memcpy() does not allow.
    if (!bytes.empty()) std::memcpy(at + sizeof word, bytes.data(), bytes.size());
  }
  static void free(char* data);
  // A batch begins with its reference count.
  static void let_go(char* batch);

  char* data_ = nullptr;  // a word with the length, then the bytes; in a batch behind a word that
                          // says how far into it
};

// Blobs created one after the other in one piece of memory. A restart creates millions, and an
// allocation for each would take a tenth more memory and time. A batch is kept as long as one of
// its blobs is, so that rows that change after a restart cost at most twice their memory.
class BlobBatch {
 public:
  // Reserves at least this many bytes, in one piece.
  explicit BlobBatch(std::size_t bytes) : room_(kHead + kWords + bytes), data_(new char[room_]) {
    Blob::write(data_, 1);
  }
  BlobBatch(BlobBatch&& other) noexcept
      : room_(other.room_),
        data_(std::exchange(other.data_, nullptr)),
        end_(other.end_),
        taken_(other.taken_) {}
  BlobBatch& operator=(BlobBatch&&) = delete;
  ~BlobBatch() {
    if (data_ != nullptr) Blob::let_go(data_);
  }

  // Returns false and adds nothing if there is no room.
  bool add(std::string_view bytes) {
    if (room_ - end_ < kWords + bytes.size()) return false;
    Blob::write(data_ + end_, static_cast<Blob::Word>(end_ + sizeof(Blob::Word)));
    Blob::write(data_ + end_ + sizeof(Blob::Word),
                static_cast<Blob::Word>(bytes.size()) | Blob::kInBatch, bytes);
    end_ += kWords + bytes.size();
    return true;
  }
  bool empty() const { return taken_ == end_; }
  // The first blob that has not been taken yet. Requires: not empty.
  Blob take() {
    Blob blob;
    blob.data_ = data_ + taken_ + sizeof(Blob::Word);
    Blob::write(data_, Blob::read(data_) + 1);
    taken_ += kWords + blob.view().size();
    return blob;
  }

 private:
  static constexpr std::size_t kHead = sizeof(Blob::Word);
  static constexpr std::size_t kWords = 2 * sizeof(Blob::Word);  // size of each blob
  std::size_t room_;
  char* data_;
  std::size_t end_ = kHead;
  std::size_t taken_ = kHead;
};

}  // namespace qiao
