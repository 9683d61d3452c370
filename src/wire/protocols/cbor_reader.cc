#include "wire/protocols/cbor_reader.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "wire/protocols/problems.h"

namespace millrace::wire {
namespace {

enum Major : unsigned { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };
constexpr unsigned kFalse = 20, kTrue = 21, kNull = 22, kUndefined = 23;
constexpr unsigned kHalf = 25, kFloat = 26, kDouble = 27, kIndefinite = 31;
constexpr char kBreak = static_cast<char>(0xFF);
constexpr uint64_t kEpochTag = 1;

double from_half(uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = static_cast<double>(bits & 1023);
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent != 31 ? std::ldexp(fraction + 1024, exponent - 25)
                           : fraction == 0  ? std::numeric_limits<double>::infinity()
                                            : std::numeric_limits<double>::quiet_NaN();
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double to_real(unsigned info, uint64_t bits) {
  if (info == kHalf) return from_half(bits);
  if (info == kFloat) return std::bit_cast<float>(static_cast<uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

bool is_real(unsigned major, unsigned info) {
  return major == kSimple && info >= kHalf && info <= kDouble;
}

}  // namespace

bool CborReader::fail(std::string_view message) {
  if (error_.empty()) error_ = message;
  return false;
}

Result<Value> CborReader::read(const Shape& shape) {
  const Member as{.name = {}, .wire_name = {}, .shape = &shape};
  Value out;
  if (!read_value(as, 0, out)) return serialization_error(error_);
  if (!rest_.empty()) return serialization_error("Bytes follow the CBOR value");
  return out;
}

bool CborReader::read_head(Head& out) {
  if (rest_.empty()) return fail("Unexpected end of CBOR");
  const auto first = static_cast<unsigned char>(rest_.front());
  rest_.remove_prefix(1);
  out.major = first >> 5;
  out.info = first & 31;
  out.argument = out.info;
  if (out.info < 24) return true;
  if (out.info == kIndefinite) {
    out.indefinite = true;
    if (out.major >= kBytes && out.major <= kMap) return true;
    return fail("Unexpected break or indefinite length");
  }
  if (out.info > kDouble) return fail("Reserved CBOR head");
  const size_t length = size_t{1} << (out.info - 24);
  if (rest_.size() < length) return fail("Unexpected end of CBOR");
  out.argument = 0;
  for (size_t i = 0; i < length; ++i) {
    out.argument = out.argument << 8 | static_cast<unsigned char>(rest_[i]);
  }
  rest_.remove_prefix(length);
  return true;
}

bool CborReader::next(const Head& head, uint64_t done, bool& more) {
  if (!head.indefinite) {
    more = done < head.argument;
    return true;
  }
  if (rest_.empty()) return fail("Unexpected end of CBOR");
  more = rest_.front() != kBreak;
  if (!more) rest_.remove_prefix(1);
  return true;
}

bool CborReader::read_value(const Member& as, int depth, Value& out) {
  if (depth > limits::kDepthMax) return fail("Nesting exceeds the limit");
  Head head;
  if (!read_head(head)) return false;
  if (head.major == kSimple && (head.info == kNull || head.info == kUndefined)) {
    out = Value::of_null();
    return true;
  }
  const Kind kind = as.shape->kind;
  if (kind == Kind::structure && head.major == kMap) {
    return read_structure(*as.shape, head, depth, out);
  }
  if (kind == Kind::map && head.major == kMap) return read_map(*as.shape, head, depth, out);
  if (kind == Kind::list && head.major == kArray) return read_list(*as.shape, head, depth, out);
  if ((kind == Kind::string && head.major == kText) ||
      (kind == Kind::blob && head.major == kBytes)) {
    std::string_view text;
    if (!read_string(head, text)) return false;
    out = Value::of_text(text);
    return true;
  }
  if (kind == Kind::boolean && head.major == kSimple &&
      (head.info == kFalse || head.info == kTrue)) {
    out = Value::of_bool(head.info == kTrue);
    return true;
  }
  if (kind == Kind::integer || kind == Kind::real) return read_number(*as.shape, head, out);
  if (kind == Kind::timestamp) return read_timestamp(head, out);
  return fail("CBOR item of an unexpected type");
}

bool CborReader::read_number(const Shape& shape, const Head& head, Value& out) {
  const bool is_whole = head.major == kUnsigned || head.major == kNegative;
  if (!is_whole && !is_real(head.major, head.info)) return fail("Expected a number");
  if (shape.kind == Kind::real) {
    const auto magnitude = static_cast<double>(head.argument);
    out = Value::of_real(head.major == kUnsigned   ? magnitude
                         : head.major == kNegative ? -1.0 - magnitude
                                                   : to_real(head.info, head.argument));
    return true;
  }
  int64_t value = 0;
  if (is_whole) {
    if (head.argument > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return fail("Number out of range");
    }
    value = static_cast<int64_t>(head.argument);
    if (head.major == kNegative) value = -1 - value;
  } else {
    const double real = to_real(head.info, head.argument);
    if (!(std::abs(real) < 9.2e18) || std::trunc(real) != real) {
      return fail("Expected a whole number");
    }
    value = static_cast<int64_t>(real);
  }
  if (shape.is_32_bit && (value > std::numeric_limits<int32_t>::max() ||
                          value < std::numeric_limits<int32_t>::min())) {
    return fail("Number out of range");
  }
  out = Value::of_integer(value);
  return true;
}

bool CborReader::read_timestamp(const Head& head, Value& out) {
  if (head.major != kTag || head.argument != kEpochTag) return fail("Expected a timestamp");
  Head inner;
  if (!read_head(inner)) return false;
  static constexpr Shape kReal{.name = "Double", .kind = Kind::real};
  Value number;
  if (!read_number(kReal, inner, number)) return false;
  const auto time = from_epoch_seconds(number.real);
  if (!time) return fail("Timestamp out of range");
  out = Value::of_time(*time);
  return true;
}

bool CborReader::read_string(const Head& head, std::string_view& out) {
  if (!head.indefinite) {
    if (head.argument > rest_.size()) return fail("CBOR text is longer than the body");
    out = rest_.substr(0, head.argument);
    rest_.remove_prefix(head.argument);
    return head.major == kBytes || is_utf8(out) || fail("Invalid UTF-8");
  }
  std::string joined;
  bool more = true;
  while (true) {
    if (!next(head, 0, more)) return false;
    if (!more) break;
    Head chunk;
    std::string_view text;
    if (!read_head(chunk)) return false;
    if (chunk.major != head.major || chunk.indefinite) return fail("Unexpected chunk");
    if (!read_string(chunk, text)) return false;
    joined += text;
  }
  out = arena_.copy(joined);
  return true;
}

bool CborReader::read_key(std::string_view& out) {
  Head head;
  if (!read_head(head)) return false;
  if (head.major != kText) return fail("Expected a text as key");
  return read_string(head, out);
}

bool CborReader::read_structure(const Shape& shape, const Head& head, int depth, Value& out) {
  const size_t count = shape.members.size();
  if (!budget_.spend(count + 1)) return fail("The document has too many values");
  out = make_structure(shape, arena_);
  size_t expected = 0;
  bool more = true;
  for (uint64_t done = 0;; ++done) {
    if (!next(head, done, more)) return false;
    if (!more) return true;
    std::string_view key;
    if (!read_key(key)) return false;
    size_t at = count;
    for (size_t i = 0, j = expected; i < count && at == count; ++i, ++j) {
      if (j >= count) j -= count;
      if (shape.members[j].wire_name == key) at = j;
    }
    if (at == count) {
      if (!skip(depth + 1)) return false;
      continue;
    }
    Value& slot = out.items[at];
    if (!read_value(shape.members[at], depth + 1, slot)) return false;
    if (slot.type == ValueType::null) slot = Value();
    expected = at + 1;
  }
}

bool CborReader::read_list(const Shape& shape, const Head& head, int depth, Value& out) {
  out = make_list();
  bool more = true;
  for (uint64_t done = 0;; ++done) {
    if (!next(head, done, more)) return false;
    if (!more) return true;
    if (!budget_.spend(1)) return fail("The document has too many values");
    Value item;
    if (!read_value(shape.members[0], depth + 1, item)) return false;
    append_item(out, arena_) = item;
  }
}

bool CborReader::read_map(const Shape& shape, const Head& head, int depth, Value& out) {
  out = make_map();
  bool more = true;
  for (uint64_t done = 0;; ++done) {
    if (!next(head, done, more)) return false;
    if (!more) break;
    if (!budget_.spend(2)) return fail("The document has too many values");
    std::string_view key;
    if (!read_key(key)) return false;
    Value item;
    if (!read_value(shape.members[1], depth + 1, item)) return false;
    append_entry(out, key, arena_) = item;
  }
  drop_earlier_duplicates(out);
  return true;
}

bool CborReader::skip_items(const Head& head, uint64_t per_item, int depth) {
  bool more = true;
  for (uint64_t done = 0;; ++done) {
    if (!next(head, done, more)) return false;
    if (!more) return true;
    for (uint64_t i = 0; i < per_item; ++i) {
      if (!skip(depth + 1)) return false;
    }
  }
}

bool CborReader::skip(int depth) {
  if (depth > limits::kDepthMax) return fail("Nesting exceeds the limit");
  Head head;
  std::string_view text;
  if (!read_head(head)) return false;
  switch (head.major) {
    case kBytes:
    case kText:
      return read_string(head, text);
    case kArray:
      return skip_items(head, 1, depth);
    case kMap:
      return skip_items(head, 2, depth);
    case kTag:
      return skip(depth + 1);
    default:
      return true;
  }
}

}  // namespace millrace::wire
