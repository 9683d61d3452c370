#include "engines/ml/protobuf_wire.h"

#include <bit>

namespace millrace::ml {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kFieldNumberMax = (1u << 29) - 1;

}  // namespace

bool take_varint(BytesView& bytes, uint64_t& value) {
  value = 0;
  for (size_t i = 0; i < 10 && i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) return false;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

Result<std::optional<WireField>> WireReader::next() {
  if (rest_.empty()) return std::optional<WireField>();
  uint64_t tag = 0;
  if (!take_varint(rest_, tag)) return fail(ErrorKind::invalid, "a protobuf tag is malformed");
  WireField field;
  if (tag >> 3 == 0 || tag >> 3 > kFieldNumberMax) {
    return fail(ErrorKind::invalid, "a protobuf field number is out of range");
  }
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  uint64_t size = 0;
  switch (field.type) {
    case WireType::varint:
      if (!take_varint(rest_, field.scalar)) {
        return fail(ErrorKind::invalid, "a protobuf varint is malformed");
      }
      return field;
    case WireType::fixed64:
      size = 8;
      break;
    case WireType::fixed32:
      size = 4;
      break;
    case WireType::bytes:
      if (!take_varint(rest_, size)) {
        return fail(ErrorKind::invalid, "a protobuf length is malformed");
      }
      break;
    default:
      return fail(ErrorKind::invalid, "a protobuf wire type is not supported");
  }
  if (size > rest_.size()) {
    return fail(ErrorKind::invalid, "a protobuf field is longer than its message");
  }
  field.bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  if (field.type == WireType::fixed32) field.scalar = load_u32(field.bytes.data());
  if (field.type == WireType::fixed64) field.scalar = load_u64(field.bytes.data());
  return field;
}

void append_varint(Bytes& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_tag(Bytes& out, uint32_t field, WireType type) {
  append_varint(out, uint64_t{field} << 3 | static_cast<uint64_t>(type));
}

void append_bytes_field(Bytes& out, uint32_t field, BytesView bytes) {
  append_tag(out, field, WireType::bytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}

void append_u32(Bytes& out, uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_u64(Bytes& out, uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace millrace::ml
