// query: a form with Action and Version in, XML out.
// Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
#include <fmt/format.h>

#include "base/uri.h"
#include "wire/protocols/form_reader.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/protocol_codec.h"
#include "wire/protocols/scalars.h"
#include "wire/protocols/xml_error.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

namespace millrace::wire {
namespace {

void append_parameter(Bytes& out, std::string_view name, std::string_view value) {
  out += fmt::format("{}{}={}", out.empty() ? "" : "&", uri_encode(name), uri_encode(value));
}

void append_form(Bytes& out, const Member& as, const std::string& name, const Value& value);

void append_structure(Bytes& out, const Shape& shape, const std::string& prefix,
                      const Value& value) {
  for (uint32_t i = 0; i < value.size; ++i) {
    const Member& member = shape.members[i];
    if (!value.items[i].present() || value.items[i].type == ValueType::null) continue;
    const std::string name = prefix.empty() ? std::string(member.wire_name)
                                            : fmt::format("{}.{}", prefix, member.wire_name);
    append_form(out, member, name, value.items[i]);
  }
}

void append_list(Bytes& out, const Member& as, const std::string& name, const Value& value) {
  const Member& item = as.shape->members[0];
  if (value.size == 0) append_parameter(out, name, "");
  const std::string parent = as.flattened ? name : fmt::format("{}.{}", name, item.wire_name);
  for (uint32_t i = 0; i < value.size; ++i) {
    append_form(out, item, fmt::format("{}.{}", parent, i + 1), value.items[i]);
  }
}

void append_map(Bytes& out, const Member& as, const std::string& name, const Value& value) {
  const std::string parent = as.flattened ? name : name + ".entry";
  const Member& key = as.shape->members[0];
  const Member& item = as.shape->members[1];
  for (uint32_t i = 0; i < value.size; ++i) {
    const std::string entry = fmt::format("{}.{}", parent, i + 1);
    append_parameter(out, fmt::format("{}.{}", entry, key.wire_name), value.entries[i].key);
    append_form(out, item, fmt::format("{}.{}", entry, item.wire_name), value.entries[i].value);
  }
}

void append_form(Bytes& out, const Member& as, const std::string& name, const Value& value) {
  if (value.type == ValueType::structure) return append_structure(out, *as.shape, name, value);
  if (value.type == ValueType::list) return append_list(out, as, name, value);
  if (value.type == ValueType::map) return append_map(out, as, name, value);
  std::string text;
  append_scalar(text, as, value, TimestampFormat::iso8601);
  append_parameter(out, name, text);
}

Result<Value> decode_query_request(const Scope& scope, const RequestParts& request,
                                   std::span<const Label>, Arena& arena) {
  const Shape* const shape = scope.operation->input;
  if (shape == nullptr) return Value();
  FormReader reader(arena);
  TRY(reader.load(request.body.empty() ? request.query : request.body));
  return reader.read(*shape);
}

ResponseParts make_response(const Scope& scope, int status) {
  ResponseParts out;
  out.status = status;
  out.headers.emplace_back("x-amzn-RequestId", scope.request_id);
  out.headers.emplace_back("Content-Type", "text/xml");
  return out;
}

std::string result_name(const Operation& operation) {
  return operation.output_wrapper.empty() ? fmt::format("{}Result", operation.name)
                                          : std::string(operation.output_wrapper);
}

ResponseParts encode_query_response(const Scope& scope, const Value& output) {
  ResponseParts out = make_response(scope, 200);
  const std::string response = fmt::format("{}Response", scope.operation->name);
  out.body = fmt::format("<{}", response);
  if (!scope.service.xml_namespace.empty()) {
    out.body += " xmlns=\"";
    append_xml_text(out.body, scope.service.xml_namespace, true);
    out.body += '"';
  }
  out.body += '>';
  if (const Shape* const shape = scope.operation->output; shape != nullptr) {
    const std::string result = result_name(*scope.operation);
    append_xml_open(out.body, result, *shape, output, {}, {});
    append_xml_members(out.body, *shape, output);
    append_xml_close(out.body, result);
  }
  out.body += "<ResponseMetadata>";
  append_xml_element(out.body, "RequestId", scope.request_id);
  out.body += "</ResponseMetadata>";
  append_xml_close(out.body, response);
  return out;
}

ResponseParts encode_query_error(const Scope& scope, const Error& error) {
  Arena arena;
  const ErrorDocument document = make_error_document(scope, error, arena);
  ResponseParts out =
      make_response(scope, error_status(scope.protocol, scope.service, scope.operation, error));
  out.body = xml_error_body(scope, document);
  return out;
}

Result<OwnedRequest> encode_query_request(const Scope& scope, const Value& input) {
  OwnedRequest out{"POST", "/", {}, {}, {}};
  out.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  append_parameter(out.body, "Action", scope.operation->name);
  append_parameter(out.body, "Version", scope.service.api_version);
  if (scope.operation->input != nullptr && input.present()) {
    append_structure(out.body, *scope.operation->input, {}, input);
  }
  return out;
}

Result<Value> decode_query_response(const Scope& scope, const ResponseParts& response,
                                    Arena& arena) {
  if (response.status >= 300) return fail(read_xml_error(scope, response, arena));
  const Shape* const shape = scope.operation->output;
  if (shape == nullptr) return Value();
  if (response.body.empty()) return make_structure(*shape, arena);
  XmlReader reader(arena);
  TRY(reader.load(response.body));
  if (!reader.enter(result_name(*scope.operation))) return make_structure(*shape, arena);
  return reader.read(*shape);
}

}  // namespace

const ProtocolCodec kQuery{decode_query_request, encode_query_response, encode_query_error,
                           encode_query_request, decode_query_response};

}  // namespace millrace::wire
