// Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/): just enough of
// it for the one message that the learning engine exchanges. Reads in place; allocates nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::ml {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct WireField {
  uint32_t number = 0;
  WireType type = WireType::varint;
  uint64_t scalar = 0;  // Of varint, fixed64 and fixed32.
  BytesView bytes;      // Of bytes.
};

// Walks the fields of one message. Errors: invalid, at anything that no message can contain.
class WireReader {
 public:
  explicit WireReader(BytesView message) : rest_(message) {}
  // The next field; nothing at the end.
  Result<std::optional<WireField>> next();

 private:
  BytesView rest_;
};

// Takes a varint from the front of `bytes`; false where there is none of at most 64 bits.
bool take_varint(BytesView& bytes, uint64_t& value);

void append_varint(Bytes& out, uint64_t value);
void append_tag(Bytes& out, uint32_t field, WireType type);
void append_bytes_field(Bytes& out, uint32_t field, BytesView bytes);

// Little-endian numbers, as the wire format and recordIO have them.
inline uint32_t load_u32(const char* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
inline uint64_t load_u64(const char* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
void append_u32(Bytes& out, uint32_t value);
void append_u64(Bytes& out, uint64_t value);

}  // namespace millrace::ml
