#include "wire/protocols/cbor_writer.h"

#include <bit>

namespace millrace::wire {
namespace {

void append_big_endian(Bytes& out, uint64_t bits, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(bits >> (8 * i));
}

void append_head(Bytes& out, unsigned major, uint64_t argument) {
  const auto start = [&](unsigned info) { out += static_cast<char>(major << 5 | info); };
  if (argument < 24) {
    start(static_cast<unsigned>(argument));
  } else if (argument <= 0xFF) {
    start(24);
    append_big_endian(out, argument, 1);
  } else if (argument <= 0xFFFF) {
    start(25);
    append_big_endian(out, argument, 2);
  } else if (argument <= 0xFFFFFFFF) {
    start(26);
    append_big_endian(out, argument, 4);
  } else {
    start(27);
    append_big_endian(out, argument, 8);
  }
}

void append_integer(Bytes& out, int64_t value) {
  if (value >= 0) {
    append_head(out, 0, static_cast<uint64_t>(value));
  } else {
    append_head(out, 1, static_cast<uint64_t>(-(value + 1)));
  }
}

void append_double(Bytes& out, double value) {
  out += static_cast<char>(0xFB);
  append_big_endian(out, std::bit_cast<uint64_t>(value), 8);
}

void append_real(Bytes& out, double value, bool is_float) {
  if (!is_float) return append_double(out, value);
  out += static_cast<char>(0xFA);
  append_big_endian(out, std::bit_cast<uint32_t>(static_cast<float>(value)), 4);
}

bool is_written(const Value& slot) { return slot.present() && slot.type != ValueType::null; }

}  // namespace

void append_cbor_text(Bytes& out, std::string_view text) {
  append_head(out, 3, text.size());
  out += text;
}

void append_cbor_map(Bytes& out, size_t entries) { append_head(out, 5, entries); }

size_t count_cbor_members(const Shape& shape, const Value& value) {
  size_t count = 0;
  for (uint32_t i = 0; value.type == ValueType::structure && i < value.size; ++i) {
    count += is_written(value.items[i]) ? 1 : 0;
  }
  return count;
}

void append_cbor_members(Bytes& out, const Shape& shape, const Value& value) {
  for (uint32_t i = 0; value.type == ValueType::structure && i < value.size; ++i) {
    if (!is_written(value.items[i])) continue;
    append_cbor_text(out, shape.members[i].wire_name);
    append_cbor(out, *shape.members[i].shape, value.items[i]);
  }
}

void append_cbor(Bytes& out, const Shape& shape, const Value& value) {
  switch (value.type) {
    case ValueType::absent:
    case ValueType::null:
      out += static_cast<char>(0xF6);
      return;
    case ValueType::boolean:
      out += static_cast<char>(value.boolean ? 0xF5 : 0xF4);
      return;
    case ValueType::integer:
      append_integer(out, value.integer);
      return;
    case ValueType::real:
      append_real(out, value.real, shape.is_32_bit);
      return;
    case ValueType::timestamp:
      out += static_cast<char>(0xC1);
      append_double(out, to_epoch_seconds(value.as_time()));
      return;
    case ValueType::text:
      append_head(out, shape.kind == Kind::blob ? 2 : 3, value.size);
      out += value.as_text();
      return;
    case ValueType::list:
      append_head(out, 4, value.size);
      for (uint32_t i = 0; i < value.size; ++i) {
        append_cbor(out, *shape.members[0].shape, value.items[i]);
      }
      return;
    case ValueType::map:
      append_head(out, 5, value.size);
      for (uint32_t i = 0; i < value.size; ++i) {
        append_cbor_text(out, value.entries[i].key);
        append_cbor(out, *shape.members[1].shape, value.entries[i].value);
      }
      return;
    case ValueType::structure:
      append_cbor_map(out, count_cbor_members(shape, value));
      append_cbor_members(out, shape, value);
      return;
  }
}

}  // namespace millrace::wire
