// The log of a job: records appended by its supervisor, read by the platform, each a piece of one
// line with its checksum. A record that is cut or damaged ends the log for its readers.
//
//   u32 length of text · u32 crc32c of all that follows it · i64 time (µs) · u8 stream · u8 flags
//   · text                                                       all numbers little-endian
//
// Pure. LineSplitter is not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engines/jobs/report.h"

namespace millrace::jobs {

inline constexpr size_t kLogHeaderBytes = 18;
inline constexpr size_t kLogTextMax = 256 * 1024;

struct LogRecord {
  Stream stream = Stream::out;
  Time time{};
  std::string_view text;  // Of the buffer that was parsed.
  size_t bytes = 0;       // Of the whole record.
};

std::string encode_record(Stream stream, Time time, std::string_view text);

enum class LogParse : uint8_t { record, incomplete, damaged };
// Reads the record at the start of `bytes`. `incomplete`: more bytes are needed.
LogParse parse_record(std::string_view bytes, LogRecord& record);

// Cuts one stream into lines: without "\n" or "\r\n", pieces of at most kLogTextMax bytes, not
// within a UTF-8 sequence where that can be told.
class LineSplitter final {
 public:
  // Calls `line` for each line that `bytes` completes.
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& line);
  // Calls `line` with what has no end of line yet, if anything.
  void finish(const std::function<void(std::string_view)>& line);

 private:
  std::string rest_;
};

// Replaces every ill-formed sequence by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace millrace::jobs
