// The process's log: one line an event, fields and not prose, on standard error.
// Thread-safe. Never pass a secret or a body.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::runtime {

enum class LogLevel : int { debug, info, warning, error, off };

struct LogField {
  std::string_view name;
  std::string value;
};

// Lines below `level` are dropped. The default is `info`.
void set_log_level(LogLevel level);
// Whether they are kept, for who would make fields in vain.
bool logs(LogLevel level);
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace millrace::runtime
