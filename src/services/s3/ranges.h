// The Range header of S3: one range of bytes.
// Pure. Source: GetObject; RFC 9110, 14.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::s3 {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

enum class RangeKind {
  ignored,  // No range, several, or malformed: AWS answers the whole object.
  satisfiable,
  unsatisfiable,
};

struct ParsedRange {
  RangeKind kind = RangeKind::ignored;
  ByteRange range;
};

// `bytes=0-9`, `bytes=10-`, `bytes=-5`, of an object of `size` bytes.
ParsedRange parse_range(std::string_view header, uint64_t size);

// `bytes=0-9`, as x-amz-copy-source-range has it: both ends, within the object.
std::optional<ByteRange> parse_copy_range(std::string_view header);

}  // namespace millrace::s3
