#include "runtime/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>

#include "base/time.h"

namespace millrace::runtime {
namespace {

std::atomic<LogLevel> threshold{LogLevel::info};

void append_value(std::string& line, std::string_view value) {
  const bool plain =
      !value.empty() && value.find_first_of(" \"=\n\r\t\\") == std::string_view::npos;
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  line += '"';
}

}  // namespace

void set_log_level(LogLevel level) { threshold = level; }

bool logs(LogLevel level) { return level >= threshold.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!logs(level)) return;
  static constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  const auto now = std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
  std::string line = to_iso8601_millis(now);
  line.append(" ").append(kNames[static_cast<int>(level)]).append(" ").append(event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.name).append("=");
    append_value(line, field.value);
  }
  line += '\n';
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace millrace::runtime
