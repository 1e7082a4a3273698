#include "tools/text/csv.h"

namespace qiao {

std::optional<Result<CsvRecord>> CsvReader::next() {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n' ? 1 : 0;
  if (at_ >= text_.size()) return std::nullopt;
  CsvRecord record;
  record.line = line_;
  const auto broken = [&](const char* en, const char* zh) -> Result<CsvRecord> {
    const std::string where = std::to_string(record.line);
    at_ = text_.size();
    return refuse(Code::kMalformed, {}, "line " + where + ": " + en, "第" + where + "行：" + zh);
  };
  while (true) {
    std::string field;
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      while (true) {
        if (at_ >= text_.size()) return broken("a quote is not closed", "引号没有闭合");
        const char c = text_[at_++];
        if (c == '\n') ++line_;
        if (c != '"') {
          field += c;
          continue;
        }
        if (at_ < text_.size() && text_[at_] == '"') {
          field += '"';
          ++at_;
          continue;
        }
        break;
      }
      if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') {
        return broken("text behind a closing quote", "引号之后还有内容");
      }
    } else {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      field = text_.substr(at_, end - at_);
      at_ = end;
    }
    record.fields.push_back(std::move(field));
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      continue;
    }
    return record;
  }
}

void append_csv_field(std::string_view field, std::string& out) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ',';
    append_csv_field(fields[i], out);
  }
  out += "\r\n";
  return out;
}

}  // namespace qiao
