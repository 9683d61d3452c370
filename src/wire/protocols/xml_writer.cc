#include "wire/protocols/xml_writer.h"

#include "base/time.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What stands for `c` in XML, or nothing where it stands for itself. Carriage
// returns are escaped, since a parser would turn them into line feeds.
std::string_view escape(char c, bool attribute) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#xD;";
    case '"':
      return attribute ? "&quot;" : "";
    case '\n':
      return attribute ? "&#xA;" : "";
    case '\t':
      return attribute ? "&#x9;" : "";
    default:
      return static_cast<unsigned char>(c) < 0x20 ? kReplacement : std::string_view();
  }
}

void append_namespace(Bytes& out, std::string_view uri, std::string_view prefix) {
  if (uri.empty()) return;
  out += prefix.empty() ? " xmlns" : " xmlns:";
  out += prefix;
  out += "=\"";
  append_xml_text(out, uri, true);
  out += '"';
}

void append_list(Bytes& out, const Member& as, std::string_view name, const Value& value,
                 XmlTimes times) {
  const Member& item = as.shape->members[0];
  if (as.flattened) {
    for (uint32_t i = 0; i < value.size; ++i) append_xml(out, item, name, value.items[i], times);
    return;
  }
  out += '<';
  out += name;
  append_namespace(out, as.xml_namespace, as.xml_namespace_prefix);
  out += '>';
  for (uint32_t i = 0; i < value.size; ++i) {
    append_xml(out, item, item.wire_name, value.items[i], times);
  }
  append_xml_close(out, name);
}

void append_map(Bytes& out, const Member& as, std::string_view name, const Value& value,
                XmlTimes times) {
  const Member& key = as.shape->members[0];
  const Member& item = as.shape->members[1];
  const std::string_view entry = as.flattened ? name : "entry";
  if (!as.flattened) {
    out += '<';
    out += name;
    append_namespace(out, as.xml_namespace, as.xml_namespace_prefix);
    out += '>';
  }
  for (uint32_t i = 0; i < value.size; ++i) {
    out += '<';
    out += entry;
    if (as.flattened) append_namespace(out, as.xml_namespace, as.xml_namespace_prefix);
    out += '>';
    append_xml(out, key, key.wire_name, Value::of_text(value.entries[i].key));
    append_xml(out, item, item.wire_name, value.entries[i].value, times);
    append_xml_close(out, entry);
  }
  if (!as.flattened) append_xml_close(out, name);
}

void append_leaf(Bytes& out, const Member& as, std::string_view name, const Value& value,
                 XmlTimes times) {
  out += '<';
  out += name;
  append_namespace(out, as.xml_namespace, as.xml_namespace_prefix);
  out += '>';
  if (value.type == ValueType::text && as.shape->kind != Kind::blob) {
    append_xml_text(out, value.as_text());
  } else if (value.type == ValueType::timestamp && times == XmlTimes::millis &&
             timestamp_format(as, TimestampFormat::iso8601) == TimestampFormat::iso8601) {
    out += to_iso8601_millis(value.as_time());
  } else {
    append_scalar(out, as, value, TimestampFormat::iso8601);
  }
  append_xml_close(out, name);
}

}  // namespace

void append_xml_text(Bytes& out, std::string_view text, bool attribute) {
  if (!is_utf8(text)) {
    out += kReplacement;
    return;
  }
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view instead = escape(text[i], attribute);
    if (instead.empty()) continue;
    out += text.substr(run, i - run);
    out += instead;
    run = i + 1;
  }
  out += text.substr(run);
}

void append_xml_element(Bytes& out, std::string_view name, std::string_view text) {
  out += '<';
  out += name;
  out += '>';
  append_xml_text(out, text);
  append_xml_close(out, name);
}

void append_xml_close(Bytes& out, std::string_view name) {
  out += "</";
  out += name;
  out += '>';
}

void append_xml_open(Bytes& out, std::string_view name, const Shape& shape, const Value& value,
                     std::string_view xml_namespace, std::string_view prefix) {
  out += '<';
  out += name;
  append_namespace(out, xml_namespace, prefix);
  for (uint32_t i = 0; value.type == ValueType::structure && i < value.size; ++i) {
    const Member& member = shape.members[i];
    if (!member.xml_attribute || !value.items[i].present()) continue;
    Bytes text;
    append_scalar(text, member, value.items[i], TimestampFormat::iso8601);
    out += ' ';
    out += member.wire_name;
    out += "=\"";
    append_xml_text(out, text, true);
    out += '"';
  }
  out += '>';
}

void append_xml_members(Bytes& out, const Shape& shape, const Value& value, XmlTimes times,
                        XmlOrder order) {
  if (value.type != ValueType::structure) return;
  bool postponed = false;
  const auto append = [&](bool lists) {
    for (uint32_t i = 0; i < value.size; ++i) {
      const Member& member = shape.members[i];
      const Value& slot = value.items[i];
      if (!slot.present() || slot.type == ValueType::null) continue;
      if (member.xml_attribute || member.location != Location::body) continue;
      const bool last = order == XmlOrder::lists_last && slot.type == ValueType::list;
      postponed = postponed || last;
      if (last == lists) append_xml(out, member, member.wire_name, slot, times);
    }
  };
  append(false);
  if (postponed) append(true);
}

void append_xml(Bytes& out, const Member& as, std::string_view name, const Value& value,
                XmlTimes times) {
  switch (as.shape->kind) {
    case Kind::list:
      if (value.type == ValueType::list) append_list(out, as, name, value, times);
      return;
    case Kind::map:
      if (value.type == ValueType::map) append_map(out, as, name, value, times);
      return;
    case Kind::structure:
      append_xml_open(out, name, *as.shape, value, as.xml_namespace, as.xml_namespace_prefix);
      append_xml_members(out, *as.shape, value, times);
      append_xml_close(out, name);
      return;
    default:
      append_leaf(out, as, name, value, times);
      return;
  }
}

}  // namespace millrace::wire
