// rest-json: the route names the operation; headers, labels and query beside a
// JSON body. Source:
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
#include "wire/protocols/json_body.h"
#include "wire/protocols/json_reader.h"
#include "wire/protocols/json_writer.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/protocol_codec.h"
#include "wire/protocols/rest_bindings.h"

namespace millrace::wire {
namespace {

bool is_raw(Kind kind) { return kind == Kind::blob || kind == Kind::string; }

Result<void> read_payload(const Member& member, std::string_view body, Value& slot, Arena& arena) {
  if (body.empty()) return ok;
  if (is_raw(member.shape->kind)) {
    slot = Value::of_text(body);
    return ok;
  }
  TRY(slot, JsonReader(body, JsonForm::wire, arena).read(member));
  if (slot.type == ValueType::null) slot = Value();
  return ok;
}

Result<Value> read_body(const Shape& shape, std::string_view body, Arena& arena) {
  Value out = make_structure(shape, arena);
  if (shape.payload >= 0) {
    const auto at = static_cast<size_t>(shape.payload);
    TRY(read_payload(shape.members[at], body, out.items[at], arena));
  } else if (!body.empty() && has_body_members(shape)) {
    TRY(out, JsonReader(body, JsonForm::wire, arena).read(shape));
    if (out.type != ValueType::structure) return serialization_error("Expected structure");
  }
  return out;
}

// Returns the content type, empty where there is no body.
std::string write_body(const Shape& shape, const Value& value, Bytes& out) {
  if (shape.payload >= 0) {
    const auto at = static_cast<size_t>(shape.payload);
    const Member& member = shape.members[at];
    const Value slot = value.present() ? value.items[at] : Value();
    const Kind kind = member.shape->kind;
    if (!slot.present() || slot.type == ValueType::null) return {};
    if (is_raw(kind)) {
      out = slot.as_text();
      return kind == Kind::blob ? "application/octet-stream" : "text/plain";
    }
    append_json(out, member, slot, JsonForm::wire);
    return "application/json";
  }
  if (!shape.members.empty() && !has_body_members(shape)) return {};
  if (value.present()) {
    append_json(out, shape, value, JsonForm::wire);
  } else {
    out = "{}";
  }
  return "application/json";
}

bool has_header(const Headers& headers, std::string_view name) {
  return ResponseParts{0, headers, {}}.header(name) != nullptr;
}

Result<Value> decode_rest_request(const Scope& scope, const RequestParts& request,
                                  std::span<const Label> labels, Arena& arena) {
  const Shape* const shape = scope.operation->input;
  if (shape == nullptr) return Value();
  TRY(Value out, read_body(*shape, request.body, arena));
  TRY(decode_request_bindings(*shape, request, labels, out, arena));
  return out;
}

ResponseParts encode_rest_response(const Scope& scope, const Value& output) {
  ResponseParts out;
  out.status = scope.operation->status;
  out.headers.emplace_back("x-amzn-RequestId", scope.request_id);
  const Shape* const shape = scope.operation->output;
  if (shape == nullptr) return out;
  encode_response_bindings(*shape, output, out);
  std::string type = write_body(*shape, output, out.body);
  if (!type.empty() && !has_header(out.headers, "Content-Type")) {
    out.headers.emplace_back("Content-Type", std::move(type));
  }
  return out;
}

ResponseParts encode_rest_error(const Scope& scope, const Error& error) {
  Arena arena;
  const ErrorDocument document = make_error_document(scope, error, arena);
  ResponseParts out;
  out.status = error_status(scope.protocol, scope.service, scope.operation, error);
  out.headers.emplace_back("x-amzn-RequestId", scope.request_id);
  out.headers.emplace_back("x-amzn-ErrorType", document.wire_code);
  out.headers.emplace_back("Content-Type", "application/json");
  const int status = out.status;
  if (document.shape != nullptr) encode_response_bindings(*document.shape, document.value, out);
  out.status = status;
  out.body = json_error_body(document, false);
  return out;
}

Result<OwnedRequest> encode_rest_request(const Scope& scope, const Value& input) {
  OwnedRequest out;
  TRY(encode_request_bindings(*scope.operation, input, out));
  const Shape* const shape = scope.operation->input;
  if (shape == nullptr || (shape->payload < 0 && !has_body_members(*shape))) return out;
  std::string type = write_body(*shape, input, out.body);
  if (!type.empty() && !has_header(out.headers, "Content-Type")) {
    out.headers.emplace_back("Content-Type", std::move(type));
  }
  return out;
}

Result<Value> decode_rest_response(const Scope& scope, const ResponseParts& response,
                                   Arena& arena) {
  if (response.status >= 300) return fail(read_json_error(scope, response, arena));
  const Shape* const shape = scope.operation->output;
  if (shape == nullptr) return Value();
  TRY(Value out, read_body(*shape, response.body, arena));
  TRY(decode_response_bindings(*shape, response, out, arena));
  return out;
}

}  // namespace

const ProtocolCodec kRestJson{decode_rest_request, encode_rest_response, encode_rest_error,
                              encode_rest_request, decode_rest_response};

}  // namespace millrace::wire
