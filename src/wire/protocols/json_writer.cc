#include "wire/protocols/json_writer.h"

#include <cmath>

#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_escape(Bytes& out, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

// The length of the well-formed letter at the front of `text`; 0 where it is
// not well-formed.
size_t letter_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

void append_list(Bytes& out, const Shape& shape, const Value& value, JsonForm form) {
  out += '[';
  for (uint32_t i = 0; i < value.size; ++i) {
    if (i > 0) out += ',';
    append_json(out, shape.members[0], value.items[i], form);
  }
  out += ']';
}

void append_map(Bytes& out, const Shape& shape, const Value& value, JsonForm form) {
  out += '{';
  for (uint32_t i = 0; i < value.size; ++i) {
    if (i > 0) out += ',';
    append_json_text(out, value.entries[i].key);
    out += ':';
    append_json(out, shape.members[1], value.entries[i].value, form);
  }
  out += '}';
}

void append_time(Bytes& out, const Member& as, const Value& value, JsonForm form) {
  const auto format = form == JsonForm::model
                          ? TimestampFormat::epoch_seconds
                          : timestamp_format(as, TimestampFormat::epoch_seconds);
  if (format != TimestampFormat::epoch_seconds) out += '"';
  append_timestamp(out, value.as_time(), format);
  if (format != TimestampFormat::epoch_seconds) out += '"';
}

void append_text(Bytes& out, const Shape& shape, const Value& value) {
  if (shape.kind == Kind::blob) {
    out += '"';
    out += to_base64(value.as_text());
    out += '"';
  } else if (shape.kind == Kind::document) {
    out += value.size == 0 ? "null" : value.as_text();
  } else {
    append_json_text(out, value.as_text());
  }
}

}  // namespace

void append_json_text(Bytes& out, std::string_view text) {
  out += '"';
  size_t run = 0;
  size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (const size_t letter = c >= 0x80 ? letter_length(text.substr(i)) : 0; letter != 0) {
      i += letter;
      continue;
    }
    out += text.substr(run, i - run);
    if (c >= 0x80) {
      out += kReplacement;
    } else {
      append_escape(out, text[i]);
    }
    run = ++i;
  }
  out += text.substr(run);
  out += '"';
}

void append_json_members(Bytes& out, const Shape& shape, const Value& value, JsonForm form,
                         bool& first) {
  if (value.type != ValueType::structure) return;
  for (uint32_t i = 0; i < value.size; ++i) {
    const Member& member = shape.members[i];
    const Value& slot = value.items[i];
    if (!slot.present() || slot.type == ValueType::null) continue;
    if (form == JsonForm::wire && member.location != Location::body) continue;
    if (!first) out += ',';
    first = false;
    append_json_text(out, form == JsonForm::wire ? member.wire_name : member.name);
    out += ':';
    append_json(out, member, slot, form);
  }
}

void append_json(Bytes& out, const Shape& shape, const Value& value, JsonForm form) {
  const Member as{.name = {}, .wire_name = {}, .shape = &shape};
  append_json(out, as, value, form);
}

void append_json(Bytes& out, const Member& as, const Value& value, JsonForm form) {
  switch (value.type) {
    case ValueType::absent:
    case ValueType::null:
      out += "null";
      return;
    case ValueType::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case ValueType::integer:
      append_integer(out, value.integer);
      return;
    case ValueType::real:
      if (!std::isfinite(value.real)) out += '"';
      append_real(out, value.real, as.shape->is_32_bit);
      if (!std::isfinite(value.real)) out += '"';
      return;
    case ValueType::timestamp:
      append_time(out, as, value, form);
      return;
    case ValueType::text:
      append_text(out, *as.shape, value);
      return;
    case ValueType::list:
      append_list(out, *as.shape, value, form);
      return;
    case ValueType::map:
      append_map(out, *as.shape, value, form);
      return;
    case ValueType::structure: {
      bool first = true;
      out += '{';
      append_json_members(out, *as.shape, value, form, first);
      out += '}';
      return;
    }
  }
}

}  // namespace millrace::wire
