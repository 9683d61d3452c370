// rpc-v2-cbor: POST /service/<target prefix>/operation/<name>, everything in a
// CBOR body. Source:
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
#include <fmt/format.h>

#include <array>

#include "wire/protocols/cbor_reader.h"
#include "wire/protocols/cbor_writer.h"
#include "wire/protocols/problems.h"
#include "wire/protocols/protocol_codec.h"

namespace millrace::wire {
namespace {

constexpr Shape kText{.name = "String", .kind = Kind::string};
constexpr std::array<Member, 3> kProbeMembers = {{
    {.name = "__type", .wire_name = "__type", .shape = &kText},
    {.name = "message", .wire_name = "message", .shape = &kText},
    {.name = "Message", .wire_name = "Message", .shape = &kText},
}};
constexpr Shape kProbe{.name = "Error", .kind = Kind::structure, .members = kProbeMembers};

Result<Value> read_body(const Shape* shape, std::string_view body, Arena& arena) {
  if (shape == nullptr) return Value();
  if (body.empty()) return make_structure(*shape, arena);
  TRY(const Value value, CborReader(body, arena).read(*shape));
  if (value.type != ValueType::structure) return serialization_error("Expected a map");
  return value;
}

Result<Value> decode_cbor_request(const Scope& scope, const RequestParts& request,
                                  std::span<const Label>, Arena& arena) {
  return read_body(scope.operation->input, request.body, arena);
}

ResponseParts make_response(const Scope& scope, int status) {
  ResponseParts out;
  out.status = status;
  out.headers.emplace_back("x-amzn-RequestId", scope.request_id);
  out.headers.emplace_back("smithy-protocol", "rpc-v2-cbor");
  return out;
}

ResponseParts encode_cbor_response(const Scope& scope, const Value& output) {
  ResponseParts out = make_response(scope, 200);
  if (scope.operation->output == nullptr) return out;
  out.headers.emplace_back("Content-Type", "application/cbor");
  if (output.present()) {
    append_cbor(out.body, *scope.operation->output, output);
  } else {
    append_cbor_map(out.body, 0);
  }
  return out;
}

ResponseParts encode_cbor_error(const Scope& scope, const Error& error) {
  Arena arena;
  const ErrorDocument document = make_error_document(scope, error, arena);
  ResponseParts out =
      make_response(scope, error_status(scope.protocol, scope.service, scope.operation, error));
  out.headers.emplace_back("Content-Type", "application/cbor");
  add_query_error_header(scope, document, out.headers);
  const size_t members =
      document.shape != nullptr ? count_cbor_members(*document.shape, document.value) : 0;
  append_cbor_map(out.body,
                  1 + members + (document.message.empty() ? 0 : 1) + document.extra.size());
  append_cbor_text(out.body, "__type");
  append_cbor_text(out.body, document.wire_code);
  if (document.shape != nullptr) append_cbor_members(out.body, *document.shape, document.value);
  if (!document.message.empty()) {
    append_cbor_text(out.body, document.message_name);
    append_cbor_text(out.body, document.message);
  }
  for (const auto& [name, text] : document.extra) {
    append_cbor_text(out.body, name);
    append_cbor_text(out.body, text);
  }
  return out;
}

Result<OwnedRequest> encode_cbor_request(const Scope& scope, const Value& input) {
  OwnedRequest out{
      "POST",
      fmt::format("/service/{}/operation/{}", scope.service.target_prefix, scope.operation->name),
      {},
      {},
      {}};
  out.headers.emplace_back("smithy-protocol", "rpc-v2-cbor");
  out.headers.emplace_back("Accept", "application/cbor");
  if (scope.service.query_compatible) out.headers.emplace_back("x-amzn-query-mode", "true");
  if (scope.operation->input == nullptr) return out;
  out.headers.emplace_back("Content-Type", "application/cbor");
  if (input.present()) {
    append_cbor(out.body, *scope.operation->input, input);
  } else {
    append_cbor_map(out.body, 0);
  }
  return out;
}

Error read_cbor_error(const Scope& scope, const ResponseParts& response, Arena& arena) {
  const auto probe = CborReader(response.body, arena).read(kProbe);
  if (!probe || probe->type != ValueType::structure) {
    return read_error(scope, {}, response.status, nullptr, Value(), {});
  }
  const auto text = [&](size_t i) {
    return probe->items[i].present() ? probe->items[i].as_text() : std::string_view();
  };
  const std::string_view on_wire = text(0);
  const Shape* const shape = error_shape(scope, on_wire);
  Value value;
  if (shape != nullptr) value = CborReader(response.body, arena).read(*shape).value_or(Value());
  const std::string_view old_code = query_error_code(response);
  return read_error(scope, old_code.empty() ? on_wire : old_code, response.status, shape, value,
                    text(1).empty() ? text(2) : text(1));
}

Result<Value> decode_cbor_response(const Scope& scope, const ResponseParts& response,
                                   Arena& arena) {
  if (response.status >= 300) return fail(read_cbor_error(scope, response, arena));
  return read_body(scope.operation->output, response.body, arena);
}

}  // namespace

const ProtocolCodec kRpcV2Cbor{decode_cbor_request, encode_cbor_response, encode_cbor_error,
                               encode_cbor_request, decode_cbor_response};

}  // namespace millrace::wire
