#include "tools/text/csv.h"

#include <algorithm>
#include <array>

namespace qiao {
namespace {

constexpr char kGuard = '\'';
constexpr std::string_view kSpace = " \t\r\n";

bool starts_formula(std::string_view text) {
  constexpr std::array<std::string_view, 8> kStarts = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return text.starts_with(start); });
}

bool is_negative_number(std::string_view text) {
  return text.size() > 1 && text.front() == '-' &&
         text.find_first_not_of("0123456789.", 1) == std::string_view::npos;
}

// Whether an apostrophe in front of the text would be taken for a guard by unprotect_cell.
bool needs_guard_before(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(kGuard), text.size());
  const std::string_view rest = text.substr(first);
  if (rest.empty() || (first == 0 && is_negative_number(text))) return false;
  return starts_formula(rest) || kSpace.find(rest.front()) != std::string_view::npos;
}

bool needs_guard_behind(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kGuard);
  return last != std::string_view::npos && kSpace.find(text[last]) != std::string_view::npos;
}

}  // namespace

std::string protect_cell(std::string_view text) {
  std::string cell(text);
  if (needs_guard_before(text)) cell.insert(cell.begin(), kGuard);
  if (needs_guard_behind(text)) cell += kGuard;
  return cell;
}

std::string unprotect_cell(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  cell = cell.substr(first, cell.find_last_not_of(kSpace) - first + 1);
  const bool before = cell.front() == kGuard && needs_guard_before(cell.substr(1));
  const bool behind = cell.back() == kGuard && needs_guard_behind(cell.substr(0, cell.size() - 1));
  if (before) cell.remove_prefix(1);
  if (behind) cell.remove_suffix(1);
  return std::string(cell);
}

std::optional<Result<CsvRecord>> CsvReader::next() {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r'))
    line_ += text_[at_++] == '\n' ? 1 : 0;
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
  if (field.find_first_of(",;\t\"\r\n") == std::string_view::npos) {
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
