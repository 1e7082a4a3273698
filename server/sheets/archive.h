// The parts of a zip archive in memory, unpacked a piece at a time within bounds.
#pragma once

#include <zip.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"

namespace qiao {

// For one thread. The bytes must outlive it.
class Archive {
 public:
  // Refused where it is no archive, is damaged, or has more than kMaxWorkbookParts parts.
  static Result<Archive> open(std::string_view bytes);

  bool has(const std::string& part) const;

  // Calls piece(bytes, last) for the whole part; stops at the first refusal. Refused where the part
  // is missing, encrypted or damaged, or where all parts that were read so far have more than
  // kMaxUnpackedBytes.
  Status read(const std::string& part,
              const std::function<Status(std::string_view bytes, bool last)>& piece);

 private:
  struct Discard {
    void operator()(zip_t* zip) const { zip_discard(zip); }
  };
  explicit Archive(zip_t* zip) : zip_(zip) {}

  std::unique_ptr<zip_t, Discard> zip_;
  std::size_t unpacked_ = 0;  // bytes
};

// What a file that cannot be read is refused with.
Refusal unreadable_file(std::string en, std::string zh);

}  // namespace qiao
