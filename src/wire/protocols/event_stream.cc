#include "wire/protocols/event_stream.h"

#include <algorithm>

#include "base/hash.h"

namespace millrace::wire {
namespace {

constexpr size_t kPreludeBytes = 12;  // Both lengths, and their checksum.
constexpr size_t kChecksumBytes = 4;
constexpr char kText = 7;

void append_number(Bytes& out, uint64_t number, size_t bytes) {
  for (size_t i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i));
}

uint32_t read_number(BytesView bytes, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

Result<EventMessage> read_message(BytesView headers, BytesView payload) {
  EventMessage message;
  while (!headers.empty()) {
    const size_t name_size = static_cast<unsigned char>(headers.front());
    if (name_size == 0 || headers.size() < 1 + name_size + 1) {
      return fail(ErrorKind::invalid, "the headers of an event do not fit their length");
    }
    std::string name(headers.substr(1, name_size));
    if (headers[1 + name_size] != kText) {
      return fail(ErrorKind::unsupported, "a header of an event is not text: " + to_hex(name));
    }
    headers.remove_prefix(1 + name_size + 1);
    const size_t value_size = headers.size() < 2 ? 0 : read_number(headers, 2);
    if (headers.size() < 2 + value_size) {
      return fail(ErrorKind::invalid, "the headers of an event do not fit their length");
    }
    message.headers.emplace_back(std::move(name), headers.substr(2, value_size));
    headers.remove_prefix(2 + value_size);
  }
  message.payload = payload;
  return message;
}

}  // namespace

const std::string* EventMessage::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, [](const auto& one) { return one.first; });
  return found == headers.end() ? nullptr : &found->second;
}

void append_event(Bytes& out, const EventMessage& message) {
  Bytes headers;
  for (const auto& [name, value] : message.headers) {
    ASSERT(!name.empty() && name.size() <= 255 && value.size() < 32 * 1024);
    append_number(headers, name.size(), 1);
    headers += name;
    headers += kText;
    append_number(headers, value.size(), 2);
    headers += value;
  }
  ASSERT(headers.size() <= kEventHeadersMax && message.payload.size() <= kEventPayloadMax);
  const size_t begin = out.size();
  append_number(out, kEventOverheadBytes + headers.size() + message.payload.size(), 4);
  append_number(out, headers.size(), 4);
  append_number(out, crc32(0, BytesView(out).substr(begin)), 4);
  out += headers;
  out += message.payload;
  append_number(out, crc32(0, BytesView(out).substr(begin)), 4);
}

Result<std::optional<EventMessage>> take_event(BytesView& stream) {
  if (stream.size() < kPreludeBytes) return std::nullopt;
  const size_t total = read_number(stream, 4);
  const size_t headers = read_number(stream.substr(4), 4);
  if (read_number(stream.substr(8), 4) != crc32(0, stream.substr(0, 8))) {
    return fail(ErrorKind::invalid, "the checksum of an event's lengths does not match");
  }
  if (headers > kEventHeadersMax || total < kEventOverheadBytes + headers ||
      total - kEventOverheadBytes - headers > kEventPayloadMax) {
    return fail(ErrorKind::invalid, "the lengths of an event are out of range");
  }
  if (stream.size() < total) return std::nullopt;
  const BytesView body = stream.substr(0, total - kChecksumBytes);
  if (read_number(stream.substr(total - kChecksumBytes), 4) != crc32(0, body)) {
    return fail(ErrorKind::invalid, "the checksum of an event does not match");
  }
  TRY(EventMessage message,
      read_message(body.substr(kPreludeBytes, headers), body.substr(kPreludeBytes + headers)));
  stream.remove_prefix(total);
  return message;
}

}  // namespace millrace::wire
