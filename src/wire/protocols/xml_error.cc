#include "wire/protocols/xml_error.h"

#include "wire/protocols/rest_bindings.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

namespace millrace::wire {

std::string host_id(std::string_view request_id) { return to_base64(request_id); }

Bytes xml_error_body(const Scope& scope, const ErrorDocument& document) {
  const bool bare = is_s3(scope.service);
  Bytes out(bare ? kXmlDeclaration : std::string_view());
  if (bare) {
    out += "<Error>";
  } else if (scope.service.xml_namespace.empty()) {
    out += "<ErrorResponse><Error>";
  } else {
    out += "<ErrorResponse xmlns=\"";
    append_xml_text(out, scope.service.xml_namespace, true);
    out += "\"><Error>";
  }
  if (!bare) append_xml_element(out, "Type", document.sender_fault ? "Sender" : "Receiver");
  append_xml_element(out, "Code", document.legacy_code);
  if (document.shape != nullptr) {
    for (uint32_t i = 0; document.value.present() && i < document.value.size; ++i) {
      const Member& member = document.shape->members[i];
      const Value& slot = document.value.items[i];
      if (!slot.present() || member.location != Location::body) continue;
      const bool is_message = member.wire_name == "message";
      append_xml(out, member, is_message ? "Message" : member.wire_name, slot);
    }
  }
  if (!document.message.empty()) append_xml_element(out, "Message", document.message);
  for (const auto& [name, text] : document.extra) append_xml_element(out, name, text);
  if (bare) {
    append_xml_element(out, "RequestId", scope.request_id);
    append_xml_element(out, "HostId", host_id(scope.request_id));
    return out += "</Error>";
  }
  out += "</Error>";
  append_xml_element(out, "RequestId", scope.request_id);
  return out += "</ErrorResponse>";
}

Error read_xml_error(const Scope& scope, const ResponseParts& response, Arena& arena) {
  XmlReader reader(arena);
  if (response.body.empty() || !reader.load(response.body)) {
    return read_error(scope, {}, response.status, nullptr, Value(), {});
  }
  if (reader.name() != "Error") reader.enter("Error");
  const std::string_view code = reader.child_text("Code");
  std::string_view message = reader.child_text("Message");
  if (message.empty()) message = reader.child_text("message");
  const Shape* const shape = error_shape(scope, code);
  Value value;
  if (shape != nullptr) {
    value = reader.read(*shape).value_or(Value());
    if (value.type == ValueType::structure) {
      (void)decode_response_bindings(*shape, response, value, arena);
    }
  }
  return read_error(scope, code, response.status, shape, value, message);
}

}  // namespace millrace::wire
