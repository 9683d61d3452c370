// rest-xml: the route names the operation; headers, labels and query beside an
// XML body. Source:
// https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
#include <algorithm>

#include "wire/protocols/problems.h"
#include "wire/protocols/protocol_codec.h"
#include "wire/protocols/rest_bindings.h"
#include "wire/protocols/xml_error.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

namespace millrace::wire {
namespace {

std::string_view or_else(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

bool is_raw(Kind kind) { return kind == Kind::blob || kind == Kind::string; }

const Member* payload_of(const Shape& shape) {
  return shape.payload < 0 ? nullptr : &shape.members[static_cast<size_t>(shape.payload)];
}

// The element of a payload: the member's own name where the model gives one,
// else its shape's.
std::string_view payload_name(const Member& member) {
  if (member.wire_name != member.name) return member.wire_name;
  if (!member.shape->xml_name.empty()) return member.shape->xml_name;
  return member.shape->name;
}

// AWS: GetBucketLocation answers <LocationConstraint>text</LocationConstraint>,
// not a structure around it. Such an output is one whose root has the name of
// its only member.
bool is_unwrapped(const Shape& shape) {
  return shape.members.size() == 1 && !shape.xml_name.empty() &&
         shape.members[0].wire_name == shape.xml_name &&
         shape.members[0].shape->kind == Kind::string;
}

Result<Value> read_document(const Shape& shape, XmlReader& reader, Arena& arena) {
  if (is_unwrapped(shape)) {
    Value out = make_structure(shape, arena);
    TRY(out.items[0], reader.read(*shape.members[0].shape));
    return out;
  }
  return reader.read(shape);
}

// AWS: a request's document of another name than the operation's is malformed, and does not empty
// a configuration. See tests/conformance/s3_wire_test.py.
bool is_root(const Scope& scope, const Shape& shape, std::string_view name) {
  if (const Member* const member = payload_of(shape); member != nullptr) {
    return name == member->wire_name || name == member->shape->xml_name ||
           name == member->shape->name;
  }
  return name == or_else(shape.xml_name, or_else(scope.operation->input_wrapper, shape.name));
}

// `request`: whose body it is; null for an answer's, whose document may have any name.
Result<Value> read_body(const Shape& shape, const Scope* request, std::string_view body,
                        Arena& arena) {
  Value out = make_structure(shape, arena);
  if (body.empty()) return out;
  const Member* const member = payload_of(shape);
  if (member != nullptr && is_raw(member->shape->kind)) {
    out.items[shape.payload] = Value::of_text(body);
    return out;
  }
  if (member == nullptr && !has_body_members(shape)) return out;
  XmlReader reader(arena);
  TRY(reader.load(body));
  if (request != nullptr && !is_root(*request, shape, reader.name())) return malformed_xml();
  if (member == nullptr) return read_document(shape, reader, arena);
  TRY(out.items[shape.payload], read_document(*member->shape, reader, arena));
  return out;
}

struct Root {
  std::string_view name;
  std::string_view xml_namespace;
  std::string_view prefix;
};

// AWS: times in S3's documents have milliseconds, also where those are 0, and what describes a list
// stands in front of it. See tests/conformance/s3_addresses_test.py.
void write_document(Bytes& out, const Service& service, const Root& root, const Shape& shape,
                    const Value& value) {
  append_xml_open(out, root.name, shape, value, root.xml_namespace, root.prefix);
  if (is_unwrapped(shape) && value.type == ValueType::structure) {
    append_xml_text(out, value.items[0].present() ? value.items[0].as_text() : std::string_view());
  } else {
    const bool s3 = is_s3(service);
    append_xml_members(out, shape, value, s3 ? XmlTimes::millis : XmlTimes::shortest,
                       s3 ? XmlOrder::lists_last : XmlOrder::model);
  }
  append_xml_close(out, root.name);
}

// Returns the content type, empty where there is no body.
std::string write_payload(const Service& service, const Member& member, const Value& slot,
                          Bytes& out) {
  if (!slot.present() || slot.type == ValueType::null) return {};
  const Kind kind = member.shape->kind;
  if (is_raw(kind)) {
    out = slot.as_text();
    return kind == Kind::blob ? "application/octet-stream" : "text/plain";
  }
  const bool own = !member.xml_namespace.empty();
  const Root root{payload_name(member), own ? member.xml_namespace : service.xml_namespace,
                  own ? member.xml_namespace_prefix : std::string_view()};
  write_document(out, service, root, *member.shape, slot);
  return "application/xml";
}

bool has_header(const Headers& headers, std::string_view name) {
  return ResponseParts{0, headers, {}}.header(name) != nullptr;
}

// AWS: what is said of a header or parameter that cannot be read. See list_objects_v2.test.
Error argument_error(const Shape& shape, Error error) {
  error.code = "InvalidArgument";
  if (error.details.empty()) return error;
  const std::string& name = error.details.front().second;
  const auto member = std::ranges::find(shape.members, name, &Member::wire_name);
  if (member == shape.members.end() || member->shape->kind != Kind::integer) return error;
  error.message = name == "partNumber"
                      ? "Part number must be an integer between 1 and 10000, inclusive"
                      : "Provided " + name + " not an integer or within integer range";
  return error;
}

Result<Value> decode_xml_request(const Scope& scope, const RequestParts& request,
                                 std::span<const Label> labels, Arena& arena) {
  const Shape* const shape = scope.operation->input;
  if (shape == nullptr) return Value();
  TRY(Value out, read_body(*shape, &scope, request.body, arena));
  auto bound = decode_request_bindings(*shape, request, labels, out, arena);
  if (!bound) return fail(argument_error(*shape, std::move(bound.error())));
  return out;
}

void add_ids(const Scope& scope, Headers& headers) {
  constexpr size_t kUsual = 12;
  headers.reserve(kUsual);
  headers.emplace_back("x-amz-request-id", scope.request_id);
  headers.emplace_back("x-amz-id-2", host_id(scope.request_id));
}

ResponseParts encode_xml_response(const Scope& scope, const Value& output) {
  ResponseParts out;
  out.status = scope.operation->status;
  add_ids(scope, out.headers);
  const Shape* const shape = scope.operation->output;
  if (shape == nullptr) return out;
  encode_response_bindings(*shape, output, out);
  std::string type;
  if (const Member* const member = payload_of(*shape); member != nullptr) {
    const Value slot = output.present() ? output.items[shape->payload] : Value();
    if (slot.present()) out.body = member->shape->kind == Kind::structure ? kXmlDeclaration : "";
    type = write_payload(scope.service, *member, slot, out.body);
  } else if (has_body_members(*shape)) {
    const Root root{or_else(shape->xml_name, shape->name),
                    or_else(shape->xml_namespace, scope.service.xml_namespace),
                    {}};
    out.body = kXmlDeclaration;
    write_document(out.body, scope.service, root, *shape, output);
    type = "application/xml";
  }
  if (!type.empty() && !has_header(out.headers, "Content-Type")) {
    out.headers.emplace_back("Content-Type", std::move(type));
  }
  return out;
}

ResponseParts encode_xml_error(const Scope& scope, const Error& error) {
  Arena arena;
  const ErrorDocument document = make_error_document(scope, error, arena);
  ResponseParts out;
  out.status = error_status(scope.protocol, scope.service, scope.operation, error);
  add_ids(scope, out.headers);
  const int status = out.status;
  if (status != 304) out.headers.emplace_back("Content-Type", "application/xml");
  if (document.shape != nullptr) encode_response_bindings(*document.shape, document.value, out);
  out.status = status;
  if (status != 304) out.body = xml_error_body(scope, document);
  return out;
}

Result<OwnedRequest> encode_xml_request(const Scope& scope, const Value& input) {
  OwnedRequest out;
  TRY(encode_request_bindings(*scope.operation, input, out));
  const Shape* const shape = scope.operation->input;
  if (shape == nullptr) return out;
  std::string type;
  if (const Member* const member = payload_of(*shape); member != nullptr) {
    const Value slot = input.present() ? input.items[shape->payload] : Value();
    type = write_payload(scope.service, *member, slot, out.body);
  } else if (has_body_members(*shape)) {
    const Root root{or_else(shape->xml_name, or_else(scope.operation->input_wrapper, shape->name)),
                    or_else(shape->xml_namespace, scope.operation->input_namespace),
                    {}};
    write_document(out.body, scope.service, root, *shape, input);
    type = "application/xml";
  }
  if (!type.empty() && !has_header(out.headers, "Content-Type")) {
    out.headers.emplace_back("Content-Type", std::move(type));
  }
  return out;
}

Result<Value> decode_xml_response(const Scope& scope, const ResponseParts& response, Arena& arena) {
  if (response.status >= 300) return fail(read_xml_error(scope, response, arena));
  const Shape* const shape = scope.operation->output;
  if (shape == nullptr) return Value();
  TRY(Value out, read_body(*shape, nullptr, response.body, arena));
  TRY(decode_response_bindings(*shape, response, out, arena));
  return out;
}

}  // namespace

const ProtocolCodec kRestXml{decode_xml_request, encode_xml_response, encode_xml_error,
                             encode_xml_request, decode_xml_response};

}  // namespace millrace::wire
