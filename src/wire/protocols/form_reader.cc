#include "wire/protocols/form_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

// Orders names so that all parameters below one name stand together: a dot
// comes before all else.
bool before(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '.' ? 0 : static_cast<unsigned char>(c) + 1; };
  return std::ranges::lexicographical_compare(a, b,
                                              [&](char x, char y) { return rank(x) < rank(y); });
}

struct Parameter {
  std::string_view name;
  std::string_view value;
  size_t at = 0;  // Its place in the form.
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// `text` without its escapes; borrowed where it has none.
std::optional<std::string_view> decode(std::string_view text, Arena& arena) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  char* const out = arena.make_array<char>(text.size());
  size_t length = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out[length++] = text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out[length++] = static_cast<char>(high << 4 | low);
    i += 2;
  }
  return std::string_view(out, length);
}

// False where an escape is malformed.
bool split(std::string_view form, std::vector<Parameter>& out, Arena& arena) {
  while (!form.empty()) {
    const size_t end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form.remove_prefix(end == std::string_view::npos ? form.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decode(pair.substr(0, equals), arena);
    const auto value = decode(pair.substr(std::min(equals + 1, pair.size())), arena);
    if (!name || !value) return false;
    out.push_back({*name, *value, out.size()});
  }
  return true;
}

const FormNode* find_child(const FormNode& node, std::string_view name) {
  for (const FormNode* child = node.first; child != nullptr; child = child->next) {
    if (child->name == name) return child;
  }
  return nullptr;
}

uint32_t index_of(const FormNode* node) {
  uint32_t index = 0;
  const char* const end = node->name.data() + node->name.size();
  const auto [stop, error] = std::from_chars(node->name.data(), end, index);
  return error == std::errc() && stop == end && index <= limits::kFormIndexMax ? index : 0;
}

}  // namespace

Result<void> FormReader::load(std::string_view form) {
  if (std::ranges::count(form, '&') > static_cast<ptrdiff_t>(limits::kFormParametersMax)) {
    return malformed_query("The form has too many parameters");
  }
  std::vector<Parameter> parameters;
  if (!split(form, parameters, arena_)) {
    return malformed_query("The query string is malformed: a bad percent-escape");
  }
  std::ranges::sort(parameters, [](const Parameter& a, const Parameter& b) {
    return before(a.name, b.name) || (a.name == b.name && a.at < b.at);
  });
  for (const Parameter& parameter : parameters) {
    if (!is_utf8(parameter.name) || !is_utf8(parameter.value)) {
      return malformed_query("The form is not UTF-8");
    }
    if (!insert(parameter.name, parameter.value)) {
      return malformed_query("A parameter's name nests too deep");
    }
  }
  return ok;
}

bool FormReader::insert(std::string_view name, std::string_view value) {
  FormNode* node = &root_;
  for (int depth = 0; !name.empty(); ++depth) {
    if (depth > limits::kFormDepthMax) return false;
    const size_t dot = name.find('.');
    const std::string_view part = name.substr(0, dot);
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    if (node->last == nullptr || node->last->name != part) {
      FormNode* const child = arena_.make_array<FormNode>(1);
      child->name = part;
      (node->last == nullptr ? node->first : node->last->next) = child;
      node->last = child;
    }
    node = node->last;
  }
  node->value = value;
  node->has_value = true;
  return true;
}

bool FormReader::fail_at(const Member& as, std::string_view value) {
  if (error_.empty()) {
    error_ = fmt::format("The value '{}' of {} is not valid",
                         value.substr(0, limits::kViolationValueMax), as.wire_name);
  }
  return false;
}

Result<Value> FormReader::read(const Shape& shape) {
  Value out;
  if (!read_structure(shape, root_, out)) return malformed_input(error_);
  return out;
}

bool FormReader::read_value(const Member& as, const FormNode& node, Value& out) {
  switch (as.shape->kind) {
    case Kind::structure:
      return read_structure(*as.shape, node, out);
    case Kind::list:
      return read_list(as, node, out);
    case Kind::map:
      return read_map(as, node, out);
    default:
      break;
  }
  if (!node.has_value) return true;
  const auto value = parse_scalar(as, node.value, TimestampFormat::iso8601, arena_);
  if (!value) return fail_at(as, node.value);
  out = *value;
  return true;
}

bool FormReader::read_structure(const Shape& shape, const FormNode& node, Value& out) {
  if (!budget_.spend(shape.members.size() + 1)) {
    error_ = "The form has too many values";
    return false;
  }
  out = make_structure(shape, arena_);
  for (size_t i = 0; i < shape.members.size(); ++i) {
    const FormNode* const child = find_child(node, shape.members[i].wire_name);
    if (child != nullptr && !read_value(shape.members[i], *child, out.items[i])) return false;
  }
  return true;
}

// The children of `node` in the order of their numbers.
bool FormReader::numbered(const FormNode& node, std::vector<const FormNode*>& out) {
  for (const FormNode* child = node.first; child != nullptr; child = child->next) {
    if (index_of(child) == 0 || !budget_.spend(2)) {
      if (error_.empty()) {
        error_ = fmt::format("'{}' is not the number of an item",
                             child->name.substr(0, limits::kViolationValueMax));
      }
      return false;
    }
    out.push_back(child);
  }
  std::ranges::sort(out, {}, index_of);
  return true;
}

bool FormReader::read_list(const Member& as, const FormNode& node, Value& out) {
  const Member& item = as.shape->members[0];
  out = make_list();
  const FormNode* const parent = as.flattened ? &node : find_child(node, item.wire_name);
  if (parent == nullptr) return node.has_value || node.first == nullptr || fail_at(as, "");
  std::vector<const FormNode*> items;
  if (!numbered(*parent, items)) return false;
  for (const FormNode* const child : items) {
    Value value;
    if (!read_value(item, *child, value)) return false;
    append_item(out, arena_) = value;
  }
  return true;
}

bool FormReader::read_map(const Member& as, const FormNode& node, Value& out) {
  const Member& key = as.shape->members[0];
  const Member& item = as.shape->members[1];
  out = make_map();
  const FormNode* const parent = as.flattened ? &node : find_child(node, "entry");
  if (parent == nullptr) return node.has_value || node.first == nullptr || fail_at(as, "");
  std::vector<const FormNode*> entries;
  if (!numbered(*parent, entries)) return false;
  for (const FormNode* const child : entries) {
    const FormNode* const key_node = find_child(*child, key.wire_name);
    if (key_node == nullptr) return fail_at(key, "");
    Value value;
    const FormNode* const value_node = find_child(*child, item.wire_name);
    if (value_node != nullptr && !read_value(item, *value_node, value)) return false;
    append_entry(out, key_node->value, arena_) = value.present() ? value : Value::of_null();
  }
  drop_earlier_duplicates(out);
  return true;
}

}  // namespace millrace::wire
