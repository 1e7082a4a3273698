// Structured logs: one JSON object a line on standard error. Never contain parts of a request's
// body or query, or personal data.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace qiao {

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), text(v) {}
  LogField(std::string_view k, const char* v) : key(k), text(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), text(v) {}
  template <std::integral Integer>
  LogField(std::string_view k, Integer v)
      : key(k), number(static_cast<std::int64_t>(v)), is_number(true) {}
  std::string_view key;
  std::string_view text;
  std::int64_t number = 0;
  bool is_number = false;
};

// One write(2) a line, so that lines of several threads do not mix.
void log_info(std::string_view message, std::initializer_list<LogField> fields = {});
void log_error(std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace qiao
