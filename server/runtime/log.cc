#include "server/runtime/log.h"

#include <unistd.h>

#include <chrono>
#include <ctime>

#include "proto/json/json.h"

namespace qiao {
namespace {

void write_line(const char* level, std::string_view message,
                std::initializer_list<LogField> fields) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char whole[32];
  std::strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string stamp =
      std::string(whole) + "." + std::to_string(1000 + millis).substr(1) + "Z";
  std::string line =
      std::string("{\"time\":\"") + stamp + "\",\"level\":\"" + level + "\",\"message\":";
  append_json_string(message, line);
  for (const LogField& f : fields) {
    line += ',';
    append_json_string(f.key, line);
    line += ':';
    if (f.is_number) {
      line += std::to_string(f.number);
    } else {
      append_json_string(f.text, line);
    }
  }
  line += "}\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void log_info(std::string_view message, std::initializer_list<LogField> fields) {
  write_line("info", message, fields);
}
void log_error(std::string_view message, std::initializer_list<LogField> fields) {
  write_line("error", message, fields);
}

}  // namespace qiao
