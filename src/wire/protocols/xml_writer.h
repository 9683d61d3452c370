// Values as XML, driven by shapes. The inverse of xml_reader.h; cannot fail.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "wire/model/value.h"

namespace millrace::wire {

inline constexpr std::string_view kXmlDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// Whether a timestamp in ISO 8601 has milliseconds where they are 0.
enum class XmlTimes : uint8_t { shortest, millis };
// Whether the lists of a structure stand where the model has them, or behind its other members.
enum class XmlOrder : uint8_t { model, lists_last };

// Text between tags, or (`attribute`) between double quotes. Characters that
// XML 1.0 cannot hold become U+FFFD.
void append_xml_text(Bytes& out, std::string_view text, bool attribute = false);
// <name>text</name>
void append_xml_element(Bytes& out, std::string_view name, std::string_view text);

// A whole element `name` with `value` in it. Namespaces: the member's; `prefix`
// may be empty.
void append_xml(Bytes& out, const Member& as, std::string_view name, const Value& value,
                XmlTimes times = XmlTimes::shortest);
// What stands between the tags of a structure: its body members that are no
// attributes.
void append_xml_members(Bytes& out, const Shape& shape, const Value& value,
                        XmlTimes times = XmlTimes::shortest, XmlOrder order = XmlOrder::model);
// The start tag of a structure with its attributes and namespace (empty: none).
void append_xml_open(Bytes& out, std::string_view name, const Shape& shape, const Value& value,
                     std::string_view xml_namespace, std::string_view prefix);
void append_xml_close(Bytes& out, std::string_view name);

}  // namespace millrace::wire
