#include "wire/protocols/xml_reader.h"

#include <cstring>
#include <pugixml.hpp>

#include "wire/protocols/budget.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/scalars.h"
#include "wire/protocols/xml_scan.h"

namespace millrace::wire {
namespace {

constexpr unsigned kParseFlags = pugi::parse_escapes | pugi::parse_cdata | pugi::parse_eol |
                                 pugi::parse_wconv_attribute | pugi::parse_ws_pcdata_single;

std::string_view local_name(std::string_view all) {
  const size_t colon = all.find(':');
  return colon == std::string_view::npos ? all : all.substr(colon + 1);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

bool is_text(pugi::xml_node node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

}  // namespace

class XmlReader::Document {
 public:
  explicit Document(Arena& arena) : arena_(arena) {}

  bool load(std::string_view text) {
    const std::string_view copy = arena_.copy(text);  // Texts point into it from now on.
    const auto parsed = document_.load_buffer_inplace(const_cast<char*>(copy.data()), copy.size(),
                                                      kParseFlags, pugi::encoding_utf8);
    current = document_.document_element();
    if (!parsed || !current) return false;
    for (const pugi::xml_node node : document_.children()) {
      if (node != current && (is_text(node) || node.type() == pugi::node_element)) return false;
    }
    return true;
  }

  // All text directly in `node`; borrowed where it is in one piece.
  std::string_view text_of(pugi::xml_node node) const {
    std::string joined;
    std::string_view first;
    int pieces = 0;
    for (const pugi::xml_node child : node.children()) {
      if (!is_text(child)) continue;
      if (pieces++ == 0) {
        first = child.value();
      } else {
        if (pieces == 2) joined = first;
        joined += child.value();
      }
    }
    return pieces <= 1 ? first : arena_.copy(joined);
  }

  bool read(const Member& as, pugi::xml_node node, int depth, Value& out) {
    if (depth > limits::kDepthMax) return false;
    switch (as.shape->kind) {
      case Kind::structure:
        return read_structure(*as.shape, node, depth, out);
      case Kind::list:
        return read_list(*as.shape, node, depth, out);
      case Kind::map:
        return read_map(*as.shape, node, depth, out);
      case Kind::string:
      case Kind::document:
        out = Value::of_text(text_of(node));
        return true;
      default:
        return read_scalar(as, text_of(node), out);
    }
  }

  pugi::xml_node current;

 private:
  bool read_scalar(const Member& as, std::string_view text, Value& out) {
    const auto value = parse_scalar(as, trim(text), TimestampFormat::iso8601, arena_);
    if (value) out = *value;
    return value.has_value();
  }

  // An element `name` of a structure, from where the last one was found.
  static size_t find(const Shape& shape, std::string_view name, size_t expected) {
    const size_t count = shape.members.size();
    for (size_t i = 0, j = expected; i < count; ++i, ++j) {
      if (j >= count) j -= count;
      const Member& member = shape.members[j];
      if (member.location == Location::body && !member.xml_attribute &&
          local_name(member.wire_name) == name) {
        return j;
      }
    }
    return count;
  }

  bool read_attributes(const Shape& shape, pugi::xml_node node, Value& out) {
    for (size_t i = 0; i < shape.members.size(); ++i) {
      const Member& member = shape.members[i];
      if (!member.xml_attribute) continue;
      for (const pugi::xml_attribute attribute : node.attributes()) {
        if (member.wire_name != attribute.name()) continue;
        const auto value =
            parse_scalar(member, attribute.value(), TimestampFormat::iso8601, arena_);
        if (!value) return false;
        out.items[i] = *value;
      }
    }
    return true;
  }

  bool read_structure(const Shape& shape, pugi::xml_node node, int depth, Value& out) {
    if (!budget_.spend(shape.members.size() + 1)) return false;
    out = make_structure(shape, arena_);
    if (node.first_attribute() && !read_attributes(shape, node, out)) return false;
    size_t at = 0;
    for (const pugi::xml_node child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      const size_t found = find(shape, local_name(child.name()), at);
      if (found == shape.members.size()) continue;
      at = found;
      const Member& member = shape.members[found];
      Value& slot = out.items[found];
      if (!(member.flattened ? read_flattened(member, child, depth + 1, slot)
                             : read(member, child, depth + 1, slot))) {
        return false;
      }
    }
    return true;
  }

  // One item or entry of a list or map that has no element of its own.
  bool read_flattened(const Member& as, pugi::xml_node node, int depth, Value& out) {
    if (!budget_.spend(2)) return false;
    const Shape& shape = *as.shape;
    if (shape.kind == Kind::map) {
      if (!out.present()) out = make_map();
      return read_entry(shape, node, depth, out);
    }
    if (shape.kind != Kind::list) return read(as, node, depth, out);
    if (!out.present()) out = make_list();
    Value item;
    if (!read(shape.members[0], node, depth, item)) return false;
    append_item(out, arena_) = item;
    return true;
  }

  bool read_list(const Shape& shape, pugi::xml_node node, int depth, Value& out) {
    out = make_list();
    for (const pugi::xml_node child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      if (local_name(child.name()) != shape.members[0].wire_name) continue;
      if (!budget_.spend(1)) return false;
      Value item;
      if (!read(shape.members[0], child, depth + 1, item)) return false;
      append_item(out, arena_) = item;
    }
    return true;
  }

  bool read_map(const Shape& shape, pugi::xml_node node, int depth, Value& out) {
    out = make_map();
    for (const pugi::xml_node child : node.children()) {
      if (child.type() != pugi::node_element || local_name(child.name()) != "entry") continue;
      if (!budget_.spend(2) || !read_entry(shape, child, depth + 1, out)) return false;
    }
    drop_earlier_duplicates(out);
    return true;
  }

  bool read_entry(const Shape& shape, pugi::xml_node node, int depth, Value& out) {
    std::string_view key;
    Value value;
    bool has_key = false;
    for (const pugi::xml_node child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      const std::string_view name = local_name(child.name());
      if (name == shape.members[0].wire_name) {
        key = text_of(child);
        has_key = true;
      } else if (name == shape.members[1].wire_name) {
        if (!read(shape.members[1], child, depth + 1, value)) return false;
      }
    }
    if (!has_key) return false;
    append_entry(out, key, arena_) = value.present() ? value : Value::of_null();
    return true;
  }

  Arena& arena_;
  Budget budget_;
  pugi::xml_document document_;
};

XmlReader::XmlReader(Arena& arena) : document_(std::make_unique<Document>(arena)) {}
XmlReader::~XmlReader() = default;

Result<void> XmlReader::load(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > limits::kXmlBytesMax || !is_safe_xml(text) || !document_->load(text)) {
    return malformed_xml();
  }
  return ok;
}

std::string_view XmlReader::name() const { return local_name(document_->current.name()); }

bool XmlReader::enter(std::string_view name) {
  for (const pugi::xml_node child : document_->current.children()) {
    if (child.type() != pugi::node_element || local_name(child.name()) != name) continue;
    document_->current = child;
    return true;
  }
  return false;
}

std::string_view XmlReader::child_text(std::string_view name) const {
  for (const pugi::xml_node child : document_->current.children()) {
    if (local_name(child.name()) == name) return document_->text_of(child);
  }
  return {};
}

Result<Value> XmlReader::read(const Shape& shape) {
  const Member as{.name = {}, .wire_name = {}, .shape = &shape};
  Value out;
  if (!document_->read(as, document_->current, 0, out)) return malformed_xml();
  return out;
}

}  // namespace millrace::wire
