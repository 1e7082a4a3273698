#include "engine/base/refusal.h"

#include <array>

#include "engine/base/utf8.h"

namespace qiao {
namespace {

constexpr std::array kCodes = {
#define QIAO_REFUSAL(name, category, code, zh, en) CodeInfo{Category::category, code, zh, en},
#include "engine/base/refusal_codes.inc"
#undef QIAO_REFUSAL
};

std::string with_detail(std::string_view words, std::string_view detail) {
  std::string text(words);
  if (auto at = text.find("{}"); at != std::string::npos) text.replace(at, 2, detail);
  return text;
}

void keep_utf8(std::string& text) { text.resize(utf8_prefix(text).size()); }

}  // namespace

Refusal refuse(Code code, std::string field, std::string detail, std::string detail_zh) {
  keep_utf8(field);
  keep_utf8(detail);
  keep_utf8(detail_zh);
  return {code, std::move(field), std::move(detail), std::move(detail_zh)};
}

Refusal refuse_type(std::string field, std::string_view type) {
  const char* zh = type == "integer"   ? "整数"
                   : type == "string"  ? "文本"
                   : type == "boolean" ? "true或false"
                   : type == "array"   ? "列表"
                   : type == "token"   ? "上一页给出的标记"
                                       : "对象";
  return refuse(Code::kWrongType, std::move(field), std::string(type), zh);
}

const CodeInfo& info(Code code) { return kCodes[static_cast<std::size_t>(code)]; }

std::string Refusal::zh() const {
  return with_detail(info(code).zh, detail_zh.empty() ? detail : detail_zh);
}
std::string Refusal::en() const { return with_detail(info(code).en, detail); }

}  // namespace qiao
