#include "wire/protocols/json_body.h"

#include <array>

#include "wire/protocols/json_reader.h"
#include "wire/protocols/json_writer.h"
#include "wire/protocols/rest_bindings.h"

namespace millrace::wire {
namespace {

// The members of any error's body by which it is recognised.
constexpr Shape kText{.name = "String", .kind = Kind::string};
constexpr Shape kAny{.name = "Document", .kind = Kind::document};
constexpr std::array<Member, 5> kProbeMembers = {{
    {.name = "__type", .wire_name = "__type", .shape = &kText},
    {.name = "code", .wire_name = "code", .shape = &kAny},
    {.name = "Code", .wire_name = "Code", .shape = &kAny},
    {.name = "message", .wire_name = "message", .shape = &kText},
    {.name = "Message", .wire_name = "Message", .shape = &kText},
}};
constexpr Shape kProbe{.name = "Error", .kind = Kind::structure, .members = kProbeMembers};

// The text of a JSON string, or nothing where the document is anything else.
std::string_view plain_text(const Value& document) {
  const std::string_view text = document.as_text();
  if (document.type != ValueType::text || text.size() < 2 || text.front() != '"') return {};
  return text.substr(1, text.size() - 2);
}

std::string_view first_text(const Value& probe, std::initializer_list<size_t> indexes) {
  for (const size_t i : indexes) {
    const Value& slot = probe.items[i];
    const std::string_view text = i == 1 || i == 2 ? plain_text(slot)
                                  : slot.present() ? slot.as_text()
                                                   : std::string_view();
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace

Bytes json_error_body(const ErrorDocument& document, bool with_type) {
  Bytes out = "{";
  bool first = true;
  const auto add = [&](std::string_view name, std::string_view text) {
    if (!first) out += ',';
    first = false;
    append_json_text(out, name);
    out += ':';
    append_json_text(out, text);
  };
  if (with_type) add("__type", document.wire_code);
  if (document.shape != nullptr) {
    append_json_members(out, *document.shape, document.value, JsonForm::wire, first);
  }
  if (!document.message.empty()) add(document.message_name, document.message);
  for (const auto& [name, text] : document.extra) add(name, text);
  out += '}';
  return out;
}

Error read_json_error(const Scope& scope, const ResponseParts& response, Arena& arena) {
  Value probe = make_structure(kProbe, arena);
  if (!response.body.empty()) {
    const auto read = JsonReader(response.body, JsonForm::wire, arena).read(kProbe);
    if (read && read->type == ValueType::structure) probe = *read;
  }
  const std::string* const header = response.header("x-amzn-errortype");
  const std::string_view on_wire =
      header != nullptr ? std::string_view(*header) : first_text(probe, {0, 1, 2});
  const Shape* const shape = error_shape(scope, on_wire);
  Value value;
  if (shape != nullptr) {
    const std::string_view body = response.body.empty() ? "{}" : std::string_view(response.body);
    value = JsonReader(body, JsonForm::wire, arena).read(*shape).value_or(Value());
    if (value.type == ValueType::structure) {
      (void)decode_response_bindings(*shape, response, value, arena);
    }
  }
  const std::string_view old_code = query_error_code(response);
  return read_error(scope, old_code.empty() ? on_wire : old_code, response.status, shape, value,
                    first_text(probe, {3, 4}));
}

}  // namespace millrace::wire
