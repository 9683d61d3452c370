#include "engines/jobs/fields.h"

#include <fmt/format.h>

#include <charconv>

#include "base/uri.h"

namespace millrace::jobs {
namespace {

template <class Number>
Result<Number> parse_whole(std::string_view name, std::string_view value) {
  Number out = 0;
  const char* const last = value.data() + value.size();
  const auto [stopped, code] = std::from_chars(value.data(), last, out);
  if (code != std::errc() || stopped != last) {
    return fail(ErrorKind::invalid, fmt::format("{}: not a number", name));
  }
  return out;
}

}  // namespace

void FieldWriter::put(std::string_view name, std::string_view value) {
  text_ += name;
  text_ += ' ';
  text_ += uri_encode(value, true);
  text_ += '\n';
}

Result<Fields> parse_fields(std::string_view kind, std::string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) {
    return fail(ErrorKind::invalid, fmt::format("{}: larger than {} bytes", kind, bytes_max));
  }
  Fields fields;
  bool first = true;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (first) {
      if (line != fmt::format("{} 1", kind)) break;
      first = false;
      continue;
    }
    if (line == "end") {
      if (text.empty()) return fields;
      break;
    }
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || space == 0 || fields.size() >= kFieldsMax) break;
    auto value = uri_decode(line.substr(space + 1));
    if (!value) break;
    fields.emplace_back(line.substr(0, space), std::move(*value));
  }
  return fail(ErrorKind::invalid, fmt::format("{}: malformed or cut", kind));
}

Result<uint64_t> parse_number(std::string_view name, std::string_view value) {
  return parse_whole<uint64_t>(name, value);
}

Result<int64_t> parse_signed(std::string_view name, std::string_view value) {
  return parse_whole<int64_t>(name, value);
}

Result<bool> parse_flag(std::string_view name, std::string_view value) {
  if (value == "0" || value == "1") return value == "1";
  return fail(ErrorKind::invalid, fmt::format("{}: neither 0 nor 1", name));
}

}  // namespace millrace::jobs
