// Whatever a job's directory holds, its readers end with a value or an error; what they accept,
// they write and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "engines/jobs/log_file.h"
#include "engines/jobs/process_info.h"
#include "engines/jobs/report.h"
#include "engines/jobs/spec.h"

using namespace millrace::jobs;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void read_documents(std::string_view text) {
  if (const auto spec = parse_spec(text)) {
    const auto again = parse_spec(encode(*spec));
    check(again && encode(*again) == encode(*spec));
  }
  if (const auto end = parse_end(text)) check(parse_end(encode(*end)).has_value());
  if (const auto record = parse_process(text)) check(parse_process(encode(*record)).has_value());
}

void read_log(std::string_view text) {
  LogRecord record;
  while (parse_record(text, record) == LogParse::record) text.remove_prefix(record.bytes);
}

void split_lines(std::string_view text) {
  LineSplitter splitter;
  size_t bytes = 0;
  const auto count = [&](std::string_view line) {
    check(line.size() <= kLogTextMax && line.find('\n') == std::string_view::npos);
    check(millrace::is_utf8(to_utf8(line)));
    bytes += line.size();
  };
  splitter.feed(text.substr(0, text.size() / 2), count);
  splitter.feed(text.substr(text.size() / 2), count);
  splitter.finish(count);
  check(bytes <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_documents(text);
  read_log(text);
  split_lines(text);
  ProcessInfo info;
  parse_process_stat(std::string(text), info);
  return 0;
}
