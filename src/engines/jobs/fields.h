// Fields: the small documents of a job's directory. One `name value` a line, in order, names may
// repeat, values percent-encoded; the first line names the kind of document and its version.
// Values. Errors: invalid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::jobs {

inline constexpr size_t kFieldsMax = 20'000;

class FieldWriter final {
 public:
  explicit FieldWriter(std::string_view kind) : text_(std::string(kind) + " 1\n") {}
  void put(std::string_view name, std::string_view value);
  void put(std::string_view name, uint64_t value) { put(name, std::to_string(value)); }
  void put_signed(std::string_view name, int64_t value) { put(name, std::to_string(value)); }
  std::string finish() && { return std::move(text_) + "end\n"; }

 private:
  std::string text_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// Reads a document of `kind`; one without its last line is cut, and refused.
Result<Fields> parse_fields(std::string_view kind, std::string_view text, size_t bytes_max);

// Whole numbers and nothing else.
Result<uint64_t> parse_number(std::string_view name, std::string_view value);
Result<int64_t> parse_signed(std::string_view name, std::string_view value);
Result<bool> parse_flag(std::string_view name, std::string_view value);  // 0 or 1

}  // namespace millrace::jobs
