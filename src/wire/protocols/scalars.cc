#include "wire/protocols/scalars.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace millrace::wire {
namespace {

constexpr int64_t kMicros = 1'000'000;

// True where `text` is -?digits(.digits)?((e|E)[+-]?digits)?, as JSON and XML
// Schema agree on.
bool is_number(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > start;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  if (!digits()) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

TimestampFormat timestamp_format(const Member& member, TimestampFormat otherwise) {
  if (member.timestamp != TimestampFormat::by_protocol) return member.timestamp;
  if (member.shape->timestamp != TimestampFormat::by_protocol) return member.shape->timestamp;
  return otherwise;
}

void append_integer(Bytes& out, int64_t value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, static_cast<size_t>(end - text));
}

void append_real(Bytes& out, double value, bool is_float) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    char text[40];
    const auto end = is_float && std::abs(value) <= std::numeric_limits<float>::max()
                         ? std::to_chars(text, text + sizeof text, static_cast<float>(value)).ptr
                         : std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, static_cast<size_t>(end - text));
  }
}

void append_timestamp(Bytes& out, Time value, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::iso8601:
      out += to_iso8601(value);
      return;
    case TimestampFormat::http_date:
      out += to_http_date(value);
      return;
    case TimestampFormat::by_protocol:
    case TimestampFormat::epoch_seconds:
      break;
  }
  int64_t micros = value.time_since_epoch().count();
  if (micros < 0) out += '-';
  const uint64_t magnitude =
      micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  append_integer(out, static_cast<int64_t>(magnitude / kMicros));
  uint64_t fraction = magnitude % kMicros;
  if (fraction == 0) return;
  char digits[7] = {'.'};
  for (int i = 6; i > 0; --i) {
    digits[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  size_t length = 7;
  while (digits[length - 1] == '0') --length;
  out.append(digits, length);
}

void append_scalar(Bytes& out, const Member& member, const Value& value,
                   TimestampFormat otherwise) {
  switch (value.type) {
    case ValueType::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case ValueType::integer:
      append_integer(out, value.integer);
      return;
    case ValueType::real:
      append_real(out, value.real, member.shape->is_32_bit);
      return;
    case ValueType::timestamp:
      append_timestamp(out, value.as_time(), timestamp_format(member, otherwise));
      return;
    case ValueType::text:
      if (member.shape->kind == Kind::blob) {
        out += to_base64(value.as_text());
      } else {
        out += value.as_text();
      }
      return;
    default:
      return;
  }
}

std::optional<int64_t> parse_integer(std::string_view text, bool is_32_bit) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  if (error != std::errc() || end != text.data() + text.size()) {
    const auto real = parse_real(text);
    if (!real || !(std::abs(*real) < 9.2e18) || std::trunc(*real) != *real) return std::nullopt;
    value = static_cast<int64_t>(*real);
  }
  if (is_32_bit && (value > std::numeric_limits<int32_t>::max() ||
                    value < std::numeric_limits<int32_t>::min())) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (!is_number(text)) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Time> parse_timestamp(std::string_view text, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::iso8601:
      return parse_iso8601(text);
    case TimestampFormat::http_date:
      return parse_http_date(text);
    case TimestampFormat::by_protocol:
    case TimestampFormat::epoch_seconds:
      break;
  }
  const auto number = parse_real(text);
  return number ? from_epoch_seconds(*number) : std::nullopt;
}

std::optional<std::string_view> decode_blob(std::string_view base64, Arena& arena) {
  Bytes bytes;
  if (!from_base64(base64, bytes)) return std::nullopt;
  return arena.copy(bytes);
}

std::optional<Value> parse_scalar(const Member& member, std::string_view text,
                                  TimestampFormat otherwise, Arena& arena) {
  switch (member.shape->kind) {
    case Kind::string:
    case Kind::document:
      return Value::of_text(text);
    case Kind::blob: {
      const auto bytes = decode_blob(text, arena);
      return bytes ? std::optional(Value::of_text(*bytes)) : std::nullopt;
    }
    case Kind::boolean:
      // boto3 before 1.36 writes booleans in headers as Python does.
      if (text == "true" || text == "True") return Value::of_bool(true);
      if (text == "false" || text == "False") return Value::of_bool(false);
      return std::nullopt;
    case Kind::integer: {
      const auto number = parse_integer(text, member.shape->is_32_bit);
      return number ? std::optional(Value::of_integer(*number)) : std::nullopt;
    }
    case Kind::real: {
      const auto number = parse_real(text);
      return number ? std::optional(Value::of_real(*number)) : std::nullopt;
    }
    case Kind::timestamp: {
      const auto time = parse_timestamp(text, timestamp_format(member, otherwise));
      return time ? std::optional(Value::of_time(*time)) : std::nullopt;
    }
    case Kind::structure:
    case Kind::list:
    case Kind::map:
      return std::nullopt;
  }
  return std::nullopt;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace millrace::wire
