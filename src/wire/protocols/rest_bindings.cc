#include "wire/protocols/rest_bindings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/uri.h"
#include "wire/protocols/header_lists.h"
#include "wire/protocols/limits.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

// Where a scalar stands decides how its timestamps look.
constexpr TimestampFormat kInHeaders = TimestampFormat::http_date;
constexpr TimestampFormat kInUri = TimestampFormat::iso8601;

std::unexpected<Error> cannot_convert(const Member& member, std::string_view text) {
  const std::string_view shown = text.substr(0, limits::kViolationValueMax);
  auto out = serialization_error(
      fmt::format("Value '{}' of {} cannot be converted", shown, member.wire_name));
  out.error().details = {{"ArgumentName", std::string(member.wire_name)},
                         {"ArgumentValue", std::string(shown)}};
  return out;
}

Result<Value> decode_text(const Member& member, std::string_view text, TimestampFormat otherwise,
                          Arena& arena) {
  if (member.json_value) {
    const auto json = decode_blob(text, arena);
    if (!json) return cannot_convert(member, text);
    return Value::of_text(*json);
  }
  const auto value = parse_scalar(member, text, otherwise, arena);
  if (!value) return cannot_convert(member, text);
  return *value;
}

// A condition whose value is no date is as if it were not there (RFC 9110, 13.1.3 and 13.1.4).
bool is_dated_condition(std::string_view name) {
  return equal_ignoring_case(name, "If-Modified-Since") ||
         equal_ignoring_case(name, "If-Unmodified-Since");
}

Result<void> decode_header(const Member& member, std::string_view text, Value& out, Arena& arena) {
  if (member.shape->kind != Kind::list) {
    const auto value = decode_text(member, text, kInHeaders, arena);
    if (value) out = *value;
    if (!value && !is_dated_condition(member.wire_name)) return fail(value.error());
    return ok;
  }
  const Member& item = member.shape->members[0];
  const bool dates = item.shape->kind == Kind::timestamp &&
                     timestamp_format(item, kInHeaders) == TimestampFormat::http_date;
  out = make_list();
  HeaderList list(text, dates);
  while (const auto part = list.next(arena)) {
    TRY(const Value value, decode_text(item, *part, kInHeaders, arena));
    append_item(out, arena) = value;
  }
  if (list.malformed()) return cannot_convert(member, text);
  return ok;
}

// The part of `name` after `prefix`, whose case is free, or nothing.
std::optional<std::string_view> after_prefix(std::string_view name, std::string_view prefix) {
  if (name.size() < prefix.size() || !equal_ignoring_case(name.substr(0, prefix.size()), prefix)) {
    return std::nullopt;
  }
  return name.substr(prefix.size());
}

template <class Fields>
void decode_prefix_headers(const Member& member, const Fields& fields, Value& out, Arena& arena) {
  for (const auto& [name, value] : fields) {
    const auto key = after_prefix(name, member.wire_name);
    if (!key || key->empty()) continue;
    if (!out.present()) out = make_map();
    append_entry(out, *key, arena) = Value::of_text(value);
  }
  if (out.present()) drop_earlier_duplicates(out);
}

// A query string, split and decoded once.
struct Parameter {
  std::string_view name, value;
};

Result<std::vector<Parameter>> split_query(std::string_view query, Arena& arena) {
  const auto parsed = parse_query(query, true);
  if (!parsed) return serialization_error("The query string has malformed escapes");
  if (parsed->size() > limits::kFormParametersMax) {
    return serialization_error("The query string has too many parameters");
  }
  std::vector<Parameter> out;
  out.reserve(parsed->size());
  for (const auto& [name, value] : *parsed) out.push_back({arena.copy(name), arena.copy(value)});
  return out;
}

Result<void> decode_parameter(const Member& member, const std::vector<Parameter>& query, Value& out,
                              Arena& arena) {
  for (const auto& [name, value] : query) {
    if (name != member.wire_name) continue;
    if (member.shape->kind != Kind::list) {
      TRY(out, decode_text(member, value, kInUri, arena));
      return ok;
    }
    if (!out.present()) out = make_list();
    TRY(const Value item, decode_text(member.shape->members[0], value, kInUri, arena));
    append_item(out, arena) = item;
  }
  return ok;
}

bool is_bound(const Shape& shape, std::string_view parameter) {
  return std::ranges::any_of(shape.members, [&](const Member& member) {
    return member.location == Location::query && member.shape->kind != Kind::map &&
           member.wire_name == parameter;
  });
}

// All parameters, also those that other members name.
void decode_parameter_map(const Member& member, const std::vector<Parameter>& query, Value& out,
                          Arena& arena) {
  const bool lists = member.shape->members[1].shape->kind == Kind::list;
  for (const auto& [name, value] : query) {
    if (!out.present()) out = make_map();
    Value* const known = const_cast<Value*>(find_entry(out, name));
    if (known != nullptr && !lists) continue;
    Value& slot = known != nullptr ? *known : append_entry(out, name, arena);
    if (!lists) {
      slot = Value::of_text(value);
    } else {
      if (!slot.present()) slot = make_list();
      append_item(slot, arena) = Value::of_text(value);
    }
  }
}

Result<void> decode_label(const Member& member, std::span<const Label> labels, Value& out,
                          Arena& arena) {
  for (const Label& label : labels) {
    if (label.name != member.wire_name) continue;
    std::string_view text = label.value;
    if (text.find('%') != std::string_view::npos) {
      const auto decoded = uri_decode(text);
      if (!decoded) return cannot_convert(member, text);
      text = arena.copy(*decoded);
    }
    TRY(out, decode_text(member, text, kInUri, arena));
  }
  return ok;
}

// A header's value must not end the header.
std::string clean(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return text;
}

std::string text_of(const Member& member, const Value& value, TimestampFormat otherwise) {
  std::string out;
  append_scalar(out, member, value, otherwise);
  return member.json_value ? to_base64(out) : out;
}

void encode_header(const Member& member, const Value& value, Headers& headers) {
  if (member.location == Location::header_prefix) {
    for (uint32_t i = 0; i < value.size; ++i) {
      headers.emplace_back(clean(fmt::format("{}{}", member.wire_name, value.entries[i].key)),
                           clean(std::string(value.entries[i].value.as_text())));
    }
    return;
  }
  if (value.type != ValueType::list) {
    headers.emplace_back(member.wire_name, clean(text_of(member, value, kInHeaders)));
    return;
  }
  const Member& item = member.shape->members[0];
  std::string joined;
  for (uint32_t i = 0; i < value.size; ++i) {
    if (i > 0) joined += ", ";
    const std::string text = text_of(item, value.items[i], kInHeaders);
    joined += item.shape->kind == Kind::string ? quote_header_item(text) : text;
  }
  headers.emplace_back(member.wire_name, clean(joined));
}

void append_parameter(std::string& query, std::string_view name, std::string_view value) {
  if (!query.empty()) query += '&';
  query += uri_encode(name);
  query += '=';
  query += uri_encode(value);
}

void encode_parameter(const Member& member, const Value& value, std::string& query) {
  if (value.type == ValueType::list) {
    for (uint32_t i = 0; i < value.size; ++i) {
      append_parameter(query, member.wire_name,
                       text_of(member.shape->members[0], value.items[i], kInUri));
    }
  } else if (value.type != ValueType::map) {
    append_parameter(query, member.wire_name, text_of(member, value, kInUri));
  }
}

void encode_parameter_map(const Shape& shape, const Value& value, std::string& query) {
  for (uint32_t i = 0; i < value.size; ++i) {
    const auto& [name, item] = value.entries[i];
    if (is_bound(shape, name)) continue;
    if (item.type == ValueType::list) {
      for (uint32_t j = 0; j < item.size; ++j) {
        append_parameter(query, name, item.items[j].as_text());
      }
    } else {
      append_parameter(query, name, item.as_text());
    }
  }
}

Result<std::string> fill_path(const Operation& operation, const Value& input,
                              std::string_view pattern) {
  std::string out;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{');
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) return fail(ErrorKind::internal, "The route is malformed");
    std::string_view label = pattern.substr(open + 1, close - open - 1);
    pattern.remove_prefix(close + 1);
    const bool greedy = label.ends_with('+');
    if (greedy) label.remove_suffix(1);
    std::string text;
    for (size_t i = 0; operation.input != nullptr && i < operation.input->members.size(); ++i) {
      const Member& member = operation.input->members[i];
      if (member.location == Location::path && member.wire_name == label && input.present()) {
        text = text_of(member, input.items[i], kInUri);
      }
    }
    if (text.empty()) {
      return fail(ErrorKind::invalid, fmt::format("The path needs a value for {}", label));
    }
    out += uri_encode(text, greedy);
  }
  return out;
}

}  // namespace

bool has_body_members(const Shape& shape) {
  return std::ranges::any_of(shape.members,
                             [](const Member& m) { return m.location == Location::body; });
}

Result<void> decode_request_bindings(const Shape& shape, const RequestParts& request,
                                     std::span<const Label> labels, Value& input, Arena& arena) {
  std::vector<Parameter> query;
  if (!request.query.empty()) {
    TRY(query, split_query(request.query, arena));
  }
  for (size_t i = 0; i < shape.members.size(); ++i) {
    const Member& member = shape.members[i];
    Value& slot = input.items[i];
    if (member.location == Location::header) {
      const std::string_view* const text = request.header(member.wire_name);
      if (text != nullptr) TRY(decode_header(member, *text, slot, arena));
    } else if (member.location == Location::header_prefix) {
      decode_prefix_headers(member, request.headers, slot, arena);
    } else if (member.location == Location::path) {
      TRY(decode_label(member, labels, slot, arena));
    } else if (member.location == Location::query && member.shape->kind == Kind::map) {
      decode_parameter_map(member, query, slot, arena);
    } else if (member.location == Location::query) {
      TRY(decode_parameter(member, query, slot, arena));
    }
  }
  return ok;
}

void encode_response_bindings(const Shape& shape, const Value& output, ResponseParts& out) {
  if (output.type != ValueType::structure) return;
  for (size_t i = 0; i < shape.members.size(); ++i) {
    const Member& member = shape.members[i];
    const Value& slot = output.items[i];
    if (!slot.present() || slot.type == ValueType::null) continue;
    if (member.location == Location::status) out.status = static_cast<int>(slot.integer);
    if (member.location == Location::header || member.location == Location::header_prefix) {
      encode_header(member, slot, out.headers);
    }
  }
}

Result<void> encode_request_bindings(const Operation& operation, const Value& input,
                                     OwnedRequest& out) {
  out.method = operation.method;
  const size_t mark = operation.path.find('?');
  TRY(out.path, fill_path(operation, input, operation.path.substr(0, mark)));
  if (mark != std::string_view::npos) out.query = operation.path.substr(mark + 1);
  if (operation.input == nullptr || !input.present()) return ok;
  const Shape& shape = *operation.input;
  for (size_t i = 0; i < shape.members.size(); ++i) {
    const Member& member = shape.members[i];
    const Value& slot = input.items[i];
    if (!slot.present() || slot.type == ValueType::null) continue;
    if (member.location == Location::header || member.location == Location::header_prefix) {
      encode_header(member, slot, out.headers);
    } else if (member.location == Location::query && slot.type == ValueType::map) {
      encode_parameter_map(shape, slot, out.query);
    } else if (member.location == Location::query) {
      encode_parameter(member, slot, out.query);
    }
  }
  return ok;
}

Result<void> decode_response_bindings(const Shape& shape, const ResponseParts& response,
                                      Value& output, Arena& arena) {
  for (size_t i = 0; i < shape.members.size(); ++i) {
    const Member& member = shape.members[i];
    if (member.location == Location::status) {
      output.items[i] = Value::of_integer(response.status);
    } else if (member.location == Location::header) {
      const std::string* const text = response.header(member.wire_name);
      if (text != nullptr) TRY(decode_header(member, *text, output.items[i], arena));
    } else if (member.location == Location::header_prefix) {
      decode_prefix_headers(member, response.headers, output.items[i], arena);
    }
  }
  return ok;
}

}  // namespace millrace::wire
