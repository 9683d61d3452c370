// json-1.0 and json-1.1: one POST to "/", the operation in X-Amz-Target,
// everything in the body. Source:
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
#include <fmt/format.h>

#include "wire/protocols/json_body.h"
#include "wire/protocols/json_reader.h"
#include "wire/protocols/json_writer.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/protocol_codec.h"

namespace millrace::wire {
namespace {

std::string content_type(Protocol protocol) {
  return protocol == Protocol::json_1_0 ? "application/x-amz-json-1.0"
                                        : "application/x-amz-json-1.1";
}

Result<Value> read_body(const Shape* shape, std::string_view body, Arena& arena) {
  if (shape == nullptr) return Value();
  if (body.empty()) return make_structure(*shape, arena);
  TRY(const Value value, JsonReader(body, JsonForm::wire, arena).read(*shape));
  if (value.type != ValueType::structure) return serialization_error("Expected structure");
  return value;
}

Result<Value> decode_json_request(const Scope& scope, const RequestParts& request,
                                  std::span<const Label>, Arena& arena) {
  return read_body(scope.operation->input, request.body, arena);
}

ResponseParts make_response(const Scope& scope, int status) {
  ResponseParts out;
  out.status = status;
  out.headers.emplace_back("x-amzn-RequestId", scope.request_id);
  out.headers.emplace_back("Content-Type", content_type(scope.protocol));
  return out;
}

ResponseParts encode_json_response(const Scope& scope, const Value& output) {
  ResponseParts out = make_response(scope, 200);
  if (scope.operation->output == nullptr) return out;
  if (output.present()) {
    append_json(out.body, *scope.operation->output, output, JsonForm::wire);
  } else {
    out.body = "{}";
  }
  return out;
}

ResponseParts encode_json_error(const Scope& scope, const Error& error) {
  Arena arena;
  const ErrorDocument document = make_error_document(scope, error, arena);
  ResponseParts out =
      make_response(scope, error_status(scope.protocol, scope.service, scope.operation, error));
  add_query_error_header(scope, document, out.headers);
  out.body = json_error_body(document, true);
  return out;
}

Result<OwnedRequest> encode_json_request(const Scope& scope, const Value& input) {
  OwnedRequest out{"POST", "/", {}, {}, "{}"};
  out.headers.emplace_back("Content-Type", content_type(scope.protocol));
  out.headers.emplace_back(
      "X-Amz-Target", fmt::format("{}.{}", scope.service.target_prefix, scope.operation->name));
  if (scope.service.query_compatible) out.headers.emplace_back("x-amzn-query-mode", "true");
  if (scope.operation->input != nullptr && input.present()) {
    out.body.clear();
    append_json(out.body, *scope.operation->input, input, JsonForm::wire);
  }
  return out;
}

Result<Value> decode_json_response(const Scope& scope, const ResponseParts& response,
                                   Arena& arena) {
  if (response.status >= 300) return fail(read_json_error(scope, response, arena));
  return read_body(scope.operation->output, response.body, arena);
}

}  // namespace

const ProtocolCodec kJsonRpc{decode_json_request, encode_json_response, encode_json_error,
                             encode_json_request, decode_json_response};

}  // namespace millrace::wire
