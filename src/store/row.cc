#include "store/row.h"

#include <fmt/format.h>

namespace millrace::store::detail {

void put_varint(Bytes& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void put_fixed64(Bytes& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

void put_bytes(Bytes& out, BytesView bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

bool Input::take_varint(uint64_t& value) {
  if (!rest.empty() && static_cast<uint8_t>(rest.front()) < 0x80) {
    value = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    return true;
  }
  uint64_t read = 0;
  for (size_t i = 0; i < rest.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(rest[i]);
    if (i == 9 && byte > 1) return false;  // More than 64 bits.
    read |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    if (byte == 0 && i > 0) return false;  // Longer than it need be.
    rest.remove_prefix(i + 1);
    value = read;
    return true;
  }
  return false;
}

bool Input::take_fixed64(uint64_t& value) {
  if (rest.size() < 8) return false;
  value = 0;
  for (size_t i = 0; i < 8; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(rest[i])) << (8 * i);
  }
  rest.remove_prefix(8);
  return true;
}

bool Input::take_bytes(BytesView& bytes) {
  uint64_t size = 0;
  if (!take_varint(size) || size > rest.size()) return false;
  bytes = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

bool Input::skip(Wire wire) {
  uint64_t number = 0;
  BytesView bytes;
  switch (wire) {
    case Wire::varint:
      return take_varint(number);
    case Wire::fixed64:
      return take_fixed64(number);
    case Wire::bytes:
      return take_bytes(bytes);
  }
  return false;
}

void FieldIndex::add(const Entry& entry) {
  if (count_ < kFewFields) {
    few_[count_] = entry;
  } else {
    more_.push_back(entry);
  }
  ++count_;
}

bool FieldIndex::parse(BytesView body) {
  Input in{body};
  uint32_t last = 0;
  while (!in.rest.empty()) {
    uint64_t tag = 0;
    if (!in.take_varint(tag)) return false;
    const uint64_t number = tag >> 2;
    const auto wire = static_cast<Wire>(tag & 3);
    if (number <= last || number > UINT32_MAX || count_ >= kRowFieldsMax) return false;
    const BytesView before = in.rest;
    if (!in.skip(wire)) return false;
    last = static_cast<uint32_t>(number);
    add({last, wire, before.data(), before.size() - in.rest.size()});
  }
  return true;
}

bool FieldIndex::find(uint32_t number, Wire& wire, BytesView& payload) {
  while (next_ < count_ && at(next_).number < number) ++next_;
  if (next_ == count_ || at(next_).number != number) return false;
  wire = at(next_).wire;
  payload = {at(next_).data, at(next_).size};
  return true;
}

void Codec<Realm>::put(Bytes& out, const Realm& value) {
  Bytes body;
  put_bytes(body, value.account);
  put_bytes(body, value.region);
  put_bytes(out, body);
}

bool Codec<Realm>::take(Input& in, Realm& value) {
  BytesView body;
  if (!in.take_bytes(body)) return false;
  Input parts{body, in.depth};
  return Codec<std::string>::take(parts, value.account) &&
         Codec<std::string>::take(parts, value.region) && parts.rest.empty();
}

bool open_container(Input& in, Wire wire, Input& body, uint64_t& count) {
  BytesView bytes;
  if (!in.take_bytes(bytes) || bytes.empty() || in.depth >= kRowDepthMax) return false;
  if (static_cast<Wire>(bytes.front()) != wire) return false;
  body = Input{bytes.substr(1), in.depth + 1};
  // An element has at least one byte.
  return body.take_varint(count) && count <= body.rest.size();
}

Result<BytesView> open_row(BytesView bytes) {
  if (bytes.empty() || bytes.front() != kRowFormat) {
    return fail(ErrorKind::internal, "the row is damaged: unknown format");
  }
  return bytes.substr(1);
}

std::unexpected<Error> damaged_row(uint32_t field) {
  if (field == 0) return fail(ErrorKind::internal, "the row is damaged");
  return fail(ErrorKind::internal, fmt::format("the row is damaged: field {}", field));
}

}  // namespace millrace::store::detail
