// Any text is the name of a version or is not; what is one says which place it has, and has one
// spelling.
#include <cstddef>
#include <cstdint>

#include "engines/objects/versions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::objects;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<uint64_t> sequence = sequence_of(text);
  ASSERT(is_version_id(text) == (sequence.has_value() || text == kUnnamedVersion));
  if (!sequence) return 0;
  ASSERT(text.size() == 32);
  ASSERT(text.find_first_of("+/=-") == std::string_view::npos);
  std::string other(text);
  other.back() = other.back() == 'A' ? 'B' : 'A';
  ASSERT(sequence_of(other) != sequence);
  return 0;
}
