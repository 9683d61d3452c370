#include "wire/protocols/json_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

static_assert(std::endian::native == std::endian::little, "the scanner below reads words");

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// The high bit of every byte of `word` that is a quote, a backslash, a control
// or not ASCII; exact up to the first such byte.
uint64_t special_bytes(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  return (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
          ((word - kOnes * 0x20) & ~word) | word) &
         kHighs;
}

// The first special byte at or after `p`, or `end`.
const char* find_special(const char* p, const char* end) {
  while (end - p >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, 8);
    if (const uint64_t found = special_bytes(word); found != 0) {
      return p + std::countr_zero(found) / 8;
    }
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20 &&
         static_cast<unsigned char>(*p) < 0x80) {
    ++p;
  }
  return p;
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view java_name(Kind kind, bool is_32_bit) {
  switch (kind) {
    case Kind::string:
      return "String";
    case Kind::integer:
      return is_32_bit ? "Integer" : "Long";
    case Kind::real:
      return is_32_bit ? "Float" : "Double";
    case Kind::boolean:
      return "Boolean";
    case Kind::blob:
      return "ByteBuffer";
    case Kind::timestamp:
      return "Date";
    default:
      return "Document";
  }
}

}  // namespace

bool JsonReader::fail(std::string_view message) {
  if (error_.empty()) error_ = message;
  return false;
}

bool JsonReader::unexpected() {
  return fail(p_ == end_ ? "Unexpected end-of-input" : "Unexpected token");
}

void JsonReader::skip_space() {
  while (p_ < end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
}

Result<Value> JsonReader::read(const Shape& shape) {
  const Member as{.name = {}, .wire_name = {}, .shape = &shape};
  return read(as);
}

Result<Value> JsonReader::read(const Member& as) {
  Value out;
  skip_space();
  if (read_value(as, 0, out)) {
    skip_space();
    if (p_ == end_) return out;
    unexpected();
  }
  return serialization_error(error_);
}

bool JsonReader::read_value(const Member& as, int depth, Value& out) {
  if (p_ == end_) return unexpected();
  if (depth > limits::kDepthMax) return fail("Nesting exceeds the limit");
  const Kind kind = as.shape->kind;
  if (kind == Kind::document) {
    const char* const start = p_;
    if (!skip_value(0)) return false;
    out = Value::of_text({start, static_cast<size_t>(p_ - start)});
    return true;
  }
  if (*p_ == 'n') {
    if (!word("null")) return false;
    out = Value::of_null();
    return true;
  }
  if (*p_ == '{') {
    if (kind == Kind::structure) return read_structure(*as.shape, depth, out);
    if (kind == Kind::map) return read_map(*as.shape, depth, out);
    return fail("Start of structure or map found where not expected");
  }
  if (*p_ == '[') {
    if (kind == Kind::list) return read_list(*as.shape, depth, out);
    return fail("Start of list found where not expected");
  }
  if (kind == Kind::structure || kind == Kind::map || kind == Kind::list) return mismatch(as);
  return read_scalar(as, out);
}

bool JsonReader::key_and_colon(std::string_view& key) {
  skip_space();
  if (p_ == end_ || *p_ != '"') return unexpected();
  if (!read_text(key)) return false;
  skip_space();
  if (p_ == end_ || *p_ != ':') return unexpected();
  ++p_;
  skip_space();
  return true;
}

bool JsonReader::next_item(char close, bool& more) {
  skip_space();
  if (p_ == end_ || (*p_ != ',' && *p_ != close)) return unexpected();
  more = *p_ == ',';
  ++p_;
  return true;
}

bool JsonReader::read_structure(const Shape& shape, int depth, Value& out) {
  const size_t count = shape.members.size();
  if (!budget_.spend(count + 1)) return fail("The document has too many values");
  out = make_structure(shape, arena_);
  ++p_;
  skip_space();
  if (p_ < end_ && *p_ == '}') {
    ++p_;
    return true;
  }
  size_t expected = 0;
  const bool wire_names = form_ == JsonForm::wire;
  for (bool more = true; more;) {
    std::string_view key;
    if (!key_and_colon(key)) return false;
    size_t at = count;
    for (size_t i = 0, j = expected; i < count; ++i, ++j) {
      if (j >= count) j -= count;
      const Member& member = shape.members[j];
      if ((wire_names ? member.wire_name : member.name) == key) {
        if (!wire_names || member.location == Location::body) at = j;
        break;
      }
    }
    if (at == count) {
      if (!skip_value(0)) return false;
    } else {
      Value& slot = out.items[at];
      if (!read_value(shape.members[at], depth + 1, slot)) return false;
      if (slot.type == ValueType::null) slot = Value();
      expected = at + 1;
    }
    if (!next_item('}', more)) return false;
  }
  return true;
}

bool JsonReader::read_list(const Shape& shape, int depth, Value& out) {
  out = make_list();
  ++p_;
  skip_space();
  if (p_ < end_ && *p_ == ']') {
    ++p_;
    return true;
  }
  for (bool more = true; more;) {
    if (!budget_.spend(1)) return fail("The document has too many values");
    skip_space();
    Value item;
    if (!read_value(shape.members[0], depth + 1, item)) return false;
    append_item(out, arena_) = item;
    if (!next_item(']', more)) return false;
  }
  return true;
}

bool JsonReader::read_map(const Shape& shape, int depth, Value& out) {
  out = make_map();
  ++p_;
  skip_space();
  if (p_ < end_ && *p_ == '}') {
    ++p_;
    return true;
  }
  for (bool more = true; more;) {
    if (!budget_.spend(2)) return fail("The document has too many values");
    std::string_view key;
    if (!key_and_colon(key)) return false;
    Value item;
    if (!read_value(shape.members[1], depth + 1, item)) return false;
    append_entry(out, key, arena_) = item;
    if (!next_item('}', more)) return false;
  }
  drop_earlier_duplicates(out);
  return true;
}

bool JsonReader::mismatch(const Member& as) {
  const std::string_view found = *p_ == '"'                    ? "STRING_VALUE"
                                 : *p_ == 't'                  ? "TRUE_VALUE"
                                 : *p_ == 'f'                  ? "FALSE_VALUE"
                                 : is_digit(*p_) || *p_ == '-' ? "NUMBER_VALUE"
                                                               : "";
  if (found.empty()) return unexpected();
  const Kind kind = as.shape->kind;
  if (kind == Kind::list || kind == Kind::structure || kind == Kind::map) {
    return fail("Unexpected field type");
  }
  if (kind == Kind::blob) return fail("only base-64-encoded strings are convertible to bytes");
  return fail(std::string(found) + " cannot be converted to " +
              std::string(java_name(kind, as.shape->is_32_bit)));
}

bool JsonReader::read_scalar(const Member& as, Value& out) {
  const Kind kind = as.shape->kind;
  const char first = *p_;
  if (first == '"') {
    if (kind == Kind::boolean || kind == Kind::integer) return mismatch(as);
    const char* const start = p_;
    std::string_view text;
    if (!read_text(text)) return false;
    if (read_from_text(as, text, out)) return true;
    if (!error_.empty()) return false;
    p_ = start;
    return mismatch(as);
  }
  if (first == 't' || first == 'f') {
    if (kind != Kind::boolean) return mismatch(as);
    out = Value::of_bool(first == 't');
    return word(first == 't' ? "true" : "false");
  }
  if (first == '-' || is_digit(first)) {
    if (kind == Kind::integer || kind == Kind::real || kind == Kind::timestamp) {
      return read_from_number(as, out);
    }
    return mismatch(as);
  }
  return unexpected();
}

bool JsonReader::read_from_text(const Member& as, std::string_view text, Value& out) {
  const Kind kind = as.shape->kind;
  if (kind == Kind::string) {
    out = Value::of_text(text);
    return true;
  }
  if (kind == Kind::blob) {
    const auto bytes = decode_blob(text, arena_);
    if (!bytes) return fail("only base-64-encoded strings are convertible to bytes");
    out = Value::of_text(*bytes);
    return true;
  }
  if (kind == Kind::real) {
    if (text != "NaN" && text != "Infinity" && text != "-Infinity") return false;
    out = Value::of_real(*parse_real(text));
    return true;
  }
  const auto format = form_ == JsonForm::model
                          ? TimestampFormat::iso8601
                          : timestamp_format(as, TimestampFormat::epoch_seconds);
  if (format == TimestampFormat::epoch_seconds) return false;
  const auto time = parse_timestamp(text, format);
  if (!time) return false;
  out = Value::of_time(*time);
  return true;
}

bool JsonReader::read_from_number(const Member& as, Value& out) {
  std::string_view text;
  bool whole = false;
  const char* const start = p_;
  if (!read_number(text, whole)) return false;
  const Kind kind = as.shape->kind;
  if (kind == Kind::integer) {
    const auto number = parse_integer(text, as.shape->is_32_bit);
    if (number) out = Value::of_integer(*number);
    if (number) return true;
  } else if (const auto number = parse_real(text)) {
    if (kind == Kind::real) {
      out = Value::of_real(*number);
      return true;
    }
    const bool allowed =
        form_ == JsonForm::model ||
        timestamp_format(as, TimestampFormat::epoch_seconds) == TimestampFormat::epoch_seconds;
    if (const auto time = from_epoch_seconds(*number); time && allowed) {
      out = Value::of_time(*time);
      return true;
    }
  }
  p_ = start;
  return mismatch(as);
}

bool JsonReader::word(std::string_view literal) {
  if (static_cast<size_t>(end_ - p_) < literal.size() ||
      std::memcmp(p_, literal.data(), literal.size()) != 0) {
    return fail("Unrecognized token");
  }
  p_ += literal.size();
  return true;
}

bool JsonReader::read_number(std::string_view& out, bool& whole) {
  const char* const start = p_;
  if (p_ < end_ && *p_ == '-') ++p_;
  if (p_ == end_ || !is_digit(*p_)) return unexpected();
  const bool leading_zero = *p_ == '0';
  ++p_;
  if (leading_zero && p_ < end_ && is_digit(*p_)) {
    return fail("Invalid numeric value: Leading zeroes not allowed");
  }
  while (p_ < end_ && is_digit(*p_)) ++p_;
  whole = true;
  if (p_ < end_ && *p_ == '.') {
    whole = false;
    ++p_;
    if (p_ == end_ || !is_digit(*p_)) return unexpected();
    while (p_ < end_ && is_digit(*p_)) ++p_;
  }
  if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
    whole = false;
    ++p_;
    if (p_ < end_ && (*p_ == '+' || *p_ == '-')) ++p_;
    if (p_ == end_ || !is_digit(*p_)) return unexpected();
    while (p_ < end_ && is_digit(*p_)) ++p_;
  }
  out = {start, static_cast<size_t>(p_ - start)};
  return true;
}

bool JsonReader::skip_utf8() {
  const auto lead = static_cast<unsigned char>(*p_);
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (static_cast<size_t>(end_ - p_) < length || !is_utf8({p_, length})) {
    return fail("Invalid UTF-8");
  }
  p_ += length;
  return true;
}

bool JsonReader::read_text(std::string_view& out) {
  const char* const start = ++p_;
  while (true) {
    p_ = find_special(p_, end_);
    if (p_ == end_) return unexpected();
    if (*p_ == '"') {
      out = {start, static_cast<size_t>(p_ - start)};
      ++p_;
      return true;
    }
    if (*p_ == '\\') return read_escaped_text(start, out);
    if (static_cast<unsigned char>(*p_) < 0x20) return fail("Illegal unquoted character");
    if (!skip_utf8()) return false;
  }
}

bool JsonReader::read_escaped_text(const char* start, std::string_view& out) {
  scratch_.assign(start, p_);
  while (true) {
    const char* const run = p_;
    p_ = find_special(p_, end_);
    scratch_.append(run, p_);
    if (p_ == end_) return unexpected();
    if (*p_ == '"') {
      ++p_;
      out = arena_.copy(scratch_);
      return true;
    }
    if (*p_ == '\\') {
      ++p_;
      if (!read_escape()) return false;
    } else if (static_cast<unsigned char>(*p_) < 0x20) {
      return fail("Illegal unquoted character");
    } else {
      const char* const letter = p_;
      if (!skip_utf8()) return false;
      scratch_.append(letter, p_);
    }
  }
}

bool JsonReader::read_escape() {
  if (p_ == end_) return unexpected();
  switch (*p_++) {
    case '"':
      scratch_ += '"';
      return true;
    case '\\':
      scratch_ += '\\';
      return true;
    case '/':
      scratch_ += '/';
      return true;
    case 'b':
      scratch_ += '\b';
      return true;
    case 'f':
      scratch_ += '\f';
      return true;
    case 'n':
      scratch_ += '\n';
      return true;
    case 'r':
      scratch_ += '\r';
      return true;
    case 't':
      scratch_ += '\t';
      return true;
    case 'u':
      break;
    default:
      return fail("Unrecognized character escape");
  }
  unsigned code = 0;
  if (!read_code_unit(code)) return false;
  if (code >= 0xDC00 && code <= 0xDFFF) return fail("Lone surrogate");
  if (code >= 0xD800 && code <= 0xDBFF) {
    unsigned low = 0;
    if (end_ - p_ < 2 || p_[0] != '\\' || p_[1] != 'u') return fail("Lone surrogate");
    p_ += 2;
    if (!read_code_unit(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail("Lone surrogate");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(scratch_, code);
  return true;
}

bool JsonReader::read_code_unit(unsigned& out) {
  if (end_ - p_ < 4) return unexpected();
  out = 0;
  for (int i = 0; i < 4; ++i, ++p_) {
    const char c = *p_;
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return fail("Unrecognized character escape");
    out = out << 4 | static_cast<unsigned>(digit);
  }
  return true;
}

bool JsonReader::skip_value(int depth) {
  if (p_ == end_) return unexpected();
  if (depth > limits::kDocumentDepthMax) return fail("Nesting exceeds the limit");
  std::string_view text;
  bool whole = false;
  switch (*p_) {
    case '{':
      return skip_object(depth);
    case '[':
      return skip_array(depth);
    case '"':
      return read_text(text);
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return read_number(text, whole);
  }
}

bool JsonReader::skip_object(int depth) {
  ++p_;
  skip_space();
  if (p_ < end_ && *p_ == '}') {
    ++p_;
    return true;
  }
  for (bool more = true; more;) {
    std::string_view key;
    if (!key_and_colon(key) || !skip_value(depth + 1) || !next_item('}', more)) return false;
  }
  return true;
}

bool JsonReader::skip_array(int depth) {
  ++p_;
  skip_space();
  if (p_ < end_ && *p_ == ']') {
    ++p_;
    return true;
  }
  for (bool more = true; more;) {
    skip_space();
    if (!skip_value(depth + 1) || !next_item(']', more)) return false;
  }
  return true;
}

}  // namespace millrace::wire
