#include "server/sheets/archive.h"

#include <array>

#include "server/sheets/limits.h"

namespace qiao {

Refusal unreadable_file(std::string en, std::string zh) {
  return refuse(Code::kFileUnreadable, "file", std::move(en), std::move(zh));
}

Result<Archive> Archive::open(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* zip = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (zip == nullptr && source != nullptr) zip_source_free(source);
  zip_error_fini(&error);
  if (zip == nullptr) return unreadable_file("it is damaged or not complete", "文件损坏或不完整");
  Archive archive(zip);
  if (zip_get_num_entries(zip, 0) > static_cast<zip_int64_t>(kMaxWorkbookParts))
    return refuse(Code::kTooMany, "file.parts", std::to_string(kMaxWorkbookParts));
  return archive;
}

bool Archive::has(const std::string& part) const {
  return zip_name_locate(zip_.get(), part.c_str(), 0) >= 0;
}

Status Archive::read(const std::string& part,
                     const std::function<Status(std::string_view bytes, bool last)>& piece) {
  const auto damaged = [&] {
    return unreadable_file(part + " is missing or damaged", part + "缺失或损坏");
  };
  const zip_int64_t index = zip_name_locate(zip_.get(), part.c_str(), 0);
  if (index < 0) return damaged();
  struct Close {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };
  const std::unique_ptr<zip_file_t, Close> file(
      zip_fopen_index(zip_.get(), static_cast<zip_uint64_t>(index), 0));
  if (!file) return damaged();
  std::array<char, 64 << 10> buffer;
  while (true) {
    const zip_int64_t count = zip_fread(file.get(), buffer.data(), buffer.size());
    if (count < 0) return damaged();
    unpacked_ += static_cast<std::size_t>(count);
    if (unpacked_ > kMaxUnpackedBytes)
      return refuse(Code::kTooLong, "file", std::to_string(kMaxUnpackedBytes));
    QIAO_TRY(piece({buffer.data(), static_cast<std::size_t>(count)}, count == 0));
    if (count == 0) return outcome::success();
  }
}

}  // namespace qiao
