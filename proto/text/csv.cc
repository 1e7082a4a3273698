#include "proto/text/csv.h"

#include <algorithm>
#include <array>
#include <map>

#include "proto/text/notation.h"

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
  cell = trimmed(cell);
  if (cell.empty()) return {};
  const bool before = cell.front() == kGuard && needs_guard_before(cell.substr(1));
  const bool behind = cell.back() == kGuard && needs_guard_behind(cell.substr(0, cell.size() - 1));
  if (before) cell.remove_prefix(1);
  if (behind) cell.remove_suffix(1);
  return std::string(cell);
}

void CsvReader::skip_line_end() {
  const bool two = text_.substr(at_).starts_with("\r\n");
  at_ += two ? 2 : 1;
  ++line_;
  ++row_;
}

Refusal CsvReader::refuse_record(std::size_t line, const char* en, const char* zh) {
  at_ = text_.size();
  const std::string where = std::to_string(line);
  return refuse(Code::kMalformed, {}, "line " + where + ": " + en, "第" + where + "行：" + zh);
}

// Behind the opening quote. `line`: on which the record begins, for refusals.
Result<std::string> CsvReader::quoted_field(std::size_t line) {
  std::string field;
  while (true) {
    if (at_ >= text_.size()) return refuse_record(line, "a quote is not closed", "引号没有闭合");
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    if (c != '"') {
      field += c;
    } else if (at_ < text_.size() && text_[at_] == '"') {
      field += '"';
      ++at_;
    } else if (at_ < text_.size() && text_[at_] != delimiter_ && !at_line_end()) {
      return refuse_record(line, "text behind a closing quote", "引号之后还有内容");
    } else {
      return field;
    }
  }
}

std::optional<Result<CsvRecord>> CsvReader::next() {
  while (at_line_end()) skip_line_end();
  if (at_ >= text_.size()) return std::nullopt;
  CsvRecord record;
  record.line = line_;
  record.row = row_;
  while (true) {
    if (record.fields.size() == kMaxCsvFields) {
      return Result<CsvRecord>(refuse_record(record.line, "too many fields", "列数过多"));
    }
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      auto field = quoted_field(record.line);
      if (!field) return Result<CsvRecord>(field.error());
      record.fields.push_back(std::move(field).value());
    } else {
      const std::string_view ends = delimiter_ == ','   ? ",\r\n"
                                    : delimiter_ == ';' ? ";\r\n"
                                                        : "\t\r\n";
      const std::size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
      record.fields.emplace_back(text_.substr(at_, end - at_));
      at_ = end;
    }
    if (at_ >= text_.size() || text_[at_] != delimiter_) break;
    ++at_;
  }
  if (at_line_end()) skip_line_end();
  return record;
}

char find_delimiter(std::string_view text) {
  constexpr int kRecordsLookedAt = 30;
  char best = ',';
  std::size_t most = 0;
  for (const char delimiter : {',', ';', '\t'}) {
    std::map<std::size_t, std::size_t> records_of;  // by their number of fields
    CsvReader reader(text, delimiter);
    for (int i = 0; i < kRecordsLookedAt; ++i) {
      const auto record = reader.next();
      if (!record || !*record) break;
      const std::size_t fields = record->value().fields.size();
      if (fields > 1) ++records_of[fields];
    }
    for (const auto& [fields, records] : records_of) {
      if (records * (fields - 1) <= most) continue;
      most = records * (fields - 1);
      best = delimiter;
    }
  }
  return best;
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
